"""The solver takes SciPy's way, and goes on from its state as if never left."""

import numpy as np
import pytest
import scipy.optimize

import advkeras as ak
from advkeras.training import solver

LIMITS = solver.Limits(iterations=60, memory=4, ftol=1e-12, gtol=1e-9)


def valley(x):
    """Rosenbrock's function, and its gradient."""
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


def start(n=6):
    return np.random.default_rng(0).normal(size=n)


def walked(limits=LIMITS, state=None, x=None):
    """Returns the places after each iteration, the states, and the end."""
    way, states = [], []

    def after(place, value, now):
        way.append((place.copy(), value))
        states.append({name: np.copy(array) for name, array in now.items()})

    x = start() if x is None else x
    end = solver.minimise(valley, x, limits, after, state)
    return way, states, end


def test_this_scipy_has_a_state():
    assert solver.has_state()


@pytest.mark.parametrize("memory", [1, 4, 20])
@pytest.mark.parametrize("iterations", [1, 7, 500])
def test_it_goes_the_way_of_minimize(memory, iterations):
    seen = []
    found = scipy.optimize.minimize(
        valley,
        start(),
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: seen.append(
            (intermediate_result.x.copy(), intermediate_result.fun)
        ),
        options={
            "maxiter": iterations,
            "maxfun": 20 * iterations,
            "maxcor": memory,
            "ftol": LIMITS.ftol,
            "gtol": LIMITS.gtol,
        },
    )
    limits = LIMITS._replace(memory=memory, iterations=iterations)
    way, _, (x, value) = walked(limits)
    np.testing.assert_array_equal(x, found.x)
    assert value == found.fun
    assert len(way) == len(seen) == found.nit
    for (ours, f), (theirs, g) in zip(way, seen, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert f == g


@pytest.mark.parametrize("left_at", [1, 2, 5, 13, 30])
def test_from_its_state_it_ends_on_the_same_bits(left_at):
    way, states, (end, value) = walked()
    more = LIMITS._replace(iterations=LIMITS.iterations - left_at)
    elsewhere = np.zeros(6)  # the start does not matter
    rest, _, (x, f) = walked(more, states[left_at - 1], elsewhere)
    np.testing.assert_array_equal(x, end)
    assert f == value
    assert len(rest) == len(way) - left_at


def test_a_state_is_not_written_to():
    _, states, _ = walked()
    before = {name: array.copy() for name, array in states[4].items()}
    walked(state=states[4])
    for name, array in states[4].items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("n", "memory"), [(7, LIMITS.memory), (6, LIMITS.memory + 1)]
)
def test_a_state_of_another_problem(n, memory):
    _, states, _ = walked(x=start(n))
    limits = LIMITS._replace(memory=memory)
    with pytest.raises(ValueError, match="`state` must be of 6 weights"):
        walked(limits, states[3])
    with pytest.raises(ValueError, match=r"wa of shape .* Received: none"):
        walked(
            state={k: v for k, v in states[3].items() if k != "wa"}, x=start(n)
        )


@pytest.fixture
def another_scipy(monkeypatch):
    """One whose compiled step has been given other arguments."""

    def setulb(m, x, f):
        raise AssertionError

    module = type("Module", (), {"setulb": staticmethod(setulb)})
    monkeypatch.setattr(solver.importlib, "import_module", lambda _: module)
    solver.has_state.cache_clear()
    yield
    solver.has_state.cache_clear()


def test_a_scipy_that_is_not_known_still_minimises(another_scipy):
    assert not solver.has_state()
    seen = []
    x, value = solver.minimise(
        valley, start(), LIMITS, lambda *given: seen.append(given)
    )
    assert value < 1e-3
    assert x == pytest.approx(np.ones(6), abs=0.1)
    assert {state for *_, state in seen} == {None}
    with pytest.raises(ValueError, match="`state` must be None"):
        solver.minimise(valley, start(), LIMITS, print, {"x": np.zeros(6)})


def test_training_goes_on_from_what_was_kept(digits):
    given = digits.images[:200], digits.labels[:200]
    whole = ak.models.build("fc10", seed=0)
    states = []
    value = ak.training.fit_lbfgs(
        whole,
        *given,
        30,
        keep=lambda now: states.append({k: v.copy() for k, v in now.items()}),
    )
    for left_at in (1, 11, 29):
        model = ak.models.build("fc10", seed=5)
        numbers = []
        again = ak.training.fit_lbfgs(
            model,
            *given,
            30 - left_at,
            lambda i, _, numbers=numbers: numbers.append(i),
            state=states[left_at - 1],
        )
        assert again == value
        assert numbers == list(range(1, 31 - left_at))
        for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
