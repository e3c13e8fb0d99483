import pytest
import scipy.optimize

from advkeras.attacks.solvers.lockstep import greenlets


def test_answers_in_order_one_round_at_a_time():
    rounds = []

    def answer(requests):
        rounds.append(list(requests))
        return [10 * r for r in requests]

    def task(start, count):
        def run(ask):
            value = start
            for _ in range(count):
                value = ask(value) + start
            return value

        return run

    results = greenlets.run([task(1, 2), task(2, 0), task(3, 1)], answer)
    # 1 -> 10 + 1 = 11 -> 110 + 1; 2 asks nothing; 3 -> 30 + 3.
    assert results == [111, 2, 33]
    assert rounds == [[1, 3], [11]]


def test_no_tasks():
    assert greenlets.run([], None) == []


def test_an_error_in_a_task_reaches_the_caller():
    def bad(ask):
        ask(1)
        raise ZeroDivisionError("bad")

    with pytest.raises(ZeroDivisionError, match="bad"):
        greenlets.run([bad, lambda ask: ask(2)], lambda requests: requests)


def test_solvers_are_not_disturbed_by_each_other():
    """Each Rosenbrock problem, solved together, as if solved alone."""
    starts = [(-1.2, 1.0), (0.0, 0.0), (3.0, -2.0)]

    def solve(ask, start):
        return scipy.optimize.minimize(
            lambda x: ask(x.copy()), start, jac=True, method="L-BFGS-B"
        )

    def value(x):
        return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)

    together = greenlets.run(
        [lambda ask, s=s: solve(ask, s) for s in starts],
        lambda requests: [value(x) for x in requests],
    )
    for start, found in zip(starts, together, strict=True):
        alone = solve(value, start)
        assert found.x.tolist() == alone.x.tolist()
        assert found.nfev == alone.nfev
