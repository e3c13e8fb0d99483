"""The bracket for c, driven by rules in place of solves."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from advkeras.attacks.solvers.batched import search as c_search
from advkeras.attacks.solvers.batched import slots
from advkeras.attacks.solvers.lockstep.search import search_c

ADVANCE = tf.function(c_search.advance, reduce_retracing=True)
LIMIT = 150  # solves; a search that needs more does not end

# Margin of the solution at c, given log(threshold / c), which is positive
# where c succeeds.
MARGINS = {
    "straight": lambda gap: gap,
    "steep": lambda gap: 50 * gap,
    "bent": lambda gap: np.expm1(gap),
    "levelling off": lambda gap: np.tanh(3 * gap),
    "cubic": lambda gap: gap**3,
    "only signs": lambda gap: np.where(gap > 0, 1.0, -1.0),
    "flat below": lambda gap: np.where(gap > 0, 1e-12, 1000 * gap),
    "flat above": lambda gap: np.where(gap > 0, 1000 * gap, -1e-12),
    "endless": lambda gap: np.where(gap > 0, gap, -np.inf),
}
SMOOTH = ("straight", "steep", "bent", "levelling off")


def fresh(n, start=1.0):
    """Returns the state before the first solve."""
    return slots.fresh(
        tf.zeros((n, 1)),
        tf.zeros((n,), tf.int64),
        tf.fill((n,), tf.constant(start, tf.float64)),
        tf.fill((n,), tf.constant(np.inf, tf.float64)),
        memory=1,
    ).search


def drive(n, margin_of, rtol, start=1.0):
    """Runs n searches; returns (state, solves of each, all c's, finals).

    Args:
        n: How many.
        margin_of: Function of (c, final), both (n,).
        rtol: Relative tolerance.
        start: The first c.
    """
    state, over = fresh(n, start), np.zeros(n, bool)
    solves, tried, finals = np.zeros(n, int), [], []
    while not over.all():
        assert solves.max() < LIMIT
        c, final = state.c.numpy(), state.final.numpy()
        solves += ~over
        tried.append(np.where(over, np.nan, c))
        finals.append(np.where(over, False, final))
        state, ended = ADVANCE(
            state,
            tf.constant(~over),
            tf.constant(np.asarray(margin_of(c, final), np.float64)),
            tf.constant(rtol, tf.float64),
        )
        over |= ended.numpy()
    return state, solves, np.array(tried), np.array(finals)


def bisections(threshold, rtol):
    """Returns how many solves the reference needs."""
    search, count = search_c(1.0, rtol), 1
    c = next(search)
    while True:
        try:
            c = search.send(c < threshold)
        except StopIteration:
            return count
        count += 1


def thresholds(n=300, seed=0):
    return np.exp(np.random.default_rng(seed).uniform(-14, 14, n))


@pytest.mark.parametrize("rtol", [1e-6, 0.02, 1.0])
@pytest.mark.parametrize("name", MARGINS)
def test_the_bracket_closes_around_the_threshold(name, rtol):
    goal = thresholds()
    state, solves, tried, finals = drive(
        300, lambda c, final: MARGINS[name](np.log(goal / c)), rtol
    )
    low, high = state.low.numpy(), state.high.numpy()
    assert (low < goal).all()
    assert (goal <= high).all()
    assert (high <= low * (1 + rtol)).all()
    np.testing.assert_array_equal(state.c, low)
    # At last, and only then, the lower end is solved with care.
    assert (finals.sum(axis=0) == 1).all()
    last = tried[solves - 1, np.arange(300)]
    np.testing.assert_array_equal(last, low)
    # At worst one in four is a halving: 11 to find an end, 2 bits a factor 4.
    halvings = max(0, math.log2(math.log(4) / math.log1p(rtol)))
    assert solves.max() <= 12 + 4 * (halvings + 2)


@pytest.mark.parametrize("name", SMOOTH)
def test_it_needs_fewer_solves_than_bisection(name):
    goal = thresholds(200)
    _, solves, _, _ = drive(
        200, lambda c, final: MARGINS[name](np.log(goal / c)), 0.02
    )
    halved = np.array([bisections(t, 0.02) for t in goal])
    assert (solves <= halved).all()  # with the final one
    # Of the 14 of them, 6 to 9 find the other end of the bracket.
    assert solves.mean() < halved.mean() - 1


@given(
    start=st.floats(1e-3, 1e3),
    rtol=st.floats(1e-4, 2.0),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=10)
def test_margins_without_any_sense_do_not_stop_it(start, rtol, seed):
    """Any sign at any c, on final solves too."""
    random = np.random.default_rng(seed)
    state, *_ = drive(20, lambda c, final: random.normal(size=20), rtol, start)
    assert (state.low.numpy() < state.high.numpy()).all()
    assert np.isfinite(state.c.numpy()).all()


def test_a_final_solve_that_misses_goes_lower():
    """What is left early as a success is one only below 0.95 of it."""
    goal = thresholds(50)

    def margin(c, final):
        return np.log(np.where(final, 0.95, 1.0) * goal / c)

    state, _, tried, finals = drive(50, margin, 0.02)
    assert (state.c.numpy() < 0.95 * goal).all()
    assert (state.c.numpy() > 0.85 * goal).all()
    for row in range(50):
        with_care = tried[finals[:, row], row]
        assert len(with_care) > 1
        assert (np.diff(with_care) < 0).all()


def test_final_solves_that_always_miss_end():
    goal = thresholds(50)
    state, _, _, finals = drive(
        50, lambda c, final: np.where(final, -1.0, np.log(goal / c)), 0.02
    )
    np.testing.assert_array_equal(state.low, 0)
    np.testing.assert_array_equal(finals.sum(axis=0), 6)
    # It did not go far: what it left to look for is where the first was.
    assert (state.high.numpy() > 0.7 * goal).all()


@pytest.mark.parametrize("margin", [-1.0, -1e-30, 0.0, -math.inf])
def test_a_target_out_of_reach_ends(margin):
    state, solves, tried, _ = drive(3, lambda c, final: np.full(3, margin), 0.1)
    np.testing.assert_array_equal(state.low, 0)
    np.testing.assert_array_equal(state.high, np.nanmin(tried, axis=0))
    assert (solves < 25).all()


def test_a_target_that_every_c_reaches_ends():
    state, solves, tried, _ = drive(3, lambda c, final: np.ones(3), 0.1)
    np.testing.assert_array_equal(state.high, np.inf)
    np.testing.assert_array_equal(state.low, np.nanmax(tried, axis=0))
    assert (solves < 25).all()


def test_rows_whose_solve_goes_on_stay_as_they_are():
    state = fresh(4)
    ended = np.array([True, False, True, False])
    new, over = c_search.advance(
        state,
        tf.constant(ended),
        tf.constant([1.0, 1.0, -1.0, -1.0], tf.float64),
        tf.constant(0.02, tf.float64),
    )
    np.testing.assert_array_equal(new.c, [4, 1, 0.25, 1])
    assert not over.numpy().any()
    for name in state._fields:
        was, now = getattr(state, name).numpy(), getattr(new, name).numpy()
        np.testing.assert_array_equal(now[~ended], was[~ended])


@pytest.mark.parametrize("name", ["bent", "only signs"])
def test_a_row_does_not_depend_on_the_others(name):
    goal = thresholds(12)

    def solved(rows):
        return drive(
            len(rows),
            lambda c, final: MARGINS[name](np.log(goal[rows] / c)),
            0.02,
        )

    whole, solves, *_ = solved(np.arange(12))
    for row in range(0, 12, 3):
        alone, count, *_ = solved(np.array([row]))
        np.testing.assert_allclose(alone.c, whole.c[row, None], rtol=1e-12)
        np.testing.assert_allclose(
            alone.high, whole.high[row, None], rtol=1e-12
        )
        assert count[0] == solves[row]
