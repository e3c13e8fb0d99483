"""One round, on states small enough to compute by hand."""

import numpy as np
import pytest
import tensorflow as tf

from advkeras.attacks.solvers.batched import judge as judgement
from advkeras.attacks.solvers.batched import slots as states
from advkeras.attacks.solvers.solution import STOPS

C = 0.5  # so that the penalty's gradient is r


def limits(**changes):
    """Returns limits that nothing here comes near, but for the changes."""
    values = {"ftol": 1e-30, "gtol": 1e-30, "c_rtol": 0.02} | changes
    return judgement.Limits(
        *(tf.constant(values[n], tf.float64) for n in ("ftol", "gtol")),
        tf.constant(values["c_rtol"], tf.float64),
        tf.constant(values.get("max_iterations", 100)),
    )


def under_way(origin, trial, loss, gradient, margin=-1.0, **changes):
    """Returns one image, at its origin, that asked about its trial."""
    origin, trial, gradient = (
        np.array([values], np.float32) for values in (origin, trial, gradient)
    )
    slots = states.fresh(
        tf.constant(origin),
        tf.zeros((1,), tf.int64),
        tf.constant([C], tf.float64),
        tf.constant([np.inf], tf.float64),
        memory=2,
    )
    here = states.Point(
        tf.constant(origin),
        tf.constant([loss], tf.float64),
        tf.constant(gradient),
        tf.constant([margin], tf.float64),
        tf.zeros((1,), tf.float64),
    )
    slots = slots._replace(
        here=here, trial=tf.constant(trial), iterations=tf.constant([3])
    )
    return slots._replace(**changes)


def judged(slots, loss, gradient, margin=-1.0, norm="l2_squared", **changes):
    """Returns (slots, newest) after one answer of the model."""
    return judgement.judge(
        slots,
        tf.constant([loss], tf.float64),
        tf.constant([gradient], tf.float32),
        tf.constant([margin], tf.float64),
        limits(**changes),
        norm,
    )


def stop_of(slots):
    return STOPS[int(slots.stop[0])]


def step_down(**changes):
    """Loss 2 and slope (1, 0) at the middle; the trial is at (0.3, 0.5).

    The step of -0.2 promises a fall of 0.2; it costs 0.02 in penalty.
    """
    return under_way([0.5, 0.5], [0.3, 0.5], 2.0, [1.0, 0.0], **changes)


def test_where_the_image_is_is_always_taken():
    slots = states.fresh(
        tf.fill((1, 2), 0.5),
        tf.zeros((1,), tf.int64),
        tf.constant([C], tf.float64),
        tf.constant([np.inf], tf.float64),
        2,
    )
    new, following = judged(slots, 7.0, [3.0, -4.0])
    assert new.here.loss.numpy() == [7]
    assert new.iterations.numpy() == [0]
    assert new.evaluations.numpy() == [1]
    assert stop_of(new) == "none"
    np.testing.assert_array_equal(following.gradient[0], [3, -4])
    np.testing.assert_array_equal(following.move[0], [0, 0])


def test_a_trial_that_falls_is_taken():
    new, following = judged(step_down(), 1.8, [0.6, 0.2])
    np.testing.assert_allclose(new.here.position, [[0.3, 0.5]], rtol=1e-6)
    assert new.here.loss.numpy() == [1.8]
    assert new.here.squared.numpy() == pytest.approx([0.04])
    assert new.iterations.numpy() == [4]
    assert new.rejections.numpy() == [0]
    assert new.step.numpy() == [1]
    # s, and the loss's part of y; of the objective's slope r is a part.
    np.testing.assert_allclose(following.move[0], [-0.2, 0], atol=1e-6)
    np.testing.assert_allclose(following.change[0], [-0.4, 0.2], atol=1e-6)
    np.testing.assert_allclose(following.gradient[0], [0.4, 0.2], atol=1e-6)


def test_a_trial_that_rises_is_refused_and_the_step_shrinks():
    """A slope of -0.2 and a rise of 0.2: 0.2 / (2 (0.2 + 0.2)) of the step."""
    slots = step_down(step=tf.constant([0.8], tf.float64))
    new, following = judged(slots, 2.18, [-2.0, 0.0])
    np.testing.assert_array_equal(new.here.position, slots.here.position)
    assert new.here.loss.numpy() == [2]
    assert new.step.numpy() == pytest.approx([0.25 * 0.8], rel=1e-5)
    assert new.rejections.numpy() == [1]
    assert new.iterations.numpy() == [3]
    assert new.evaluations.numpy() == [1]
    # Its slope is of use all the same; the direction is from where it stays.
    np.testing.assert_allclose(following.change[0], [-3, 0], atol=1e-5)
    np.testing.assert_array_equal(following.gradient[0], [1, 0])


@pytest.mark.parametrize("loss", [1.98 + 1e-3, 2.2, 3.0, 1e6, 1e300])
def test_a_refused_step_shrinks_by_a_tenth_to_a_half(loss):
    new, _ = judged(step_down(), loss, [-2.0, 0.0])
    assert new.rejections.numpy() == [1]
    assert 0.1 <= new.step.numpy()[0] <= 0.5


def test_a_fall_that_is_less_than_promised_is_enough_if_it_is_a_part():
    """Armijo's test: a ten-thousandth of 0.2."""
    enough, _ = judged(step_down(), 1.98 - 3e-5, [1.0, 0.0])
    assert enough.iterations.numpy() == [4]
    less, _ = judged(step_down(), 1.98 - 1e-5, [1.0, 0.0])
    assert less.iterations.numpy() == [3]


def test_after_a_refusal_rounding_is_forgiven():
    """A step too short for float64's eyes to tell a rise from rounding."""
    near = under_way([0.5], [0.5 - 1e-6], 2.0, [1.0])
    near = near._replace(iterations=tf.constant([-1]))
    refused, _ = judged(near, 2.0 + 5e-7, [1.0])
    assert refused.iterations.numpy() == [-1]
    again = near._replace(rejections=tf.constant([1]))
    forgiven, _ = judged(again, 2.0 + 5e-7, [1.0])
    assert forgiven.iterations.numpy() == [0]
    risen, _ = judged(again, 2.0 + 5e-6, [1.0])
    assert risen.iterations.numpy() == [-1]


def test_no_slope_left_is_gtol():
    """At (0.3, 0.5) the penalty pulls with -0.2: the loss balances it."""
    new, _ = judged(step_down(), 1.0, [0.2, 0.0], gtol=1e-5)
    assert stop_of(new) == "gtol"


def test_slope_against_a_bound_is_none():
    """Descent leads out of the box at both pixels: gtol at once."""
    slots = under_way([0.1, 0.9], [0.0, 1.0], 2.0, [1.0, -1.0])
    new, following = judged(slots, 1.0, [5.0, -5.0], gtol=1e-5)
    assert stop_of(new) == "gtol"
    np.testing.assert_array_equal(following.gradient[0], [0, 0])
    # Of y, what a bound holds is 0 too.
    np.testing.assert_array_equal(following.change[0], [0, 0])
    inward, _ = judged(slots, 1.0, [-5.0, 5.0], gtol=1e-5)
    assert stop_of(inward) == "none"


def test_which_pixels_a_bound_holds():
    held = judgement.is_held(
        tf.constant([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5]]),
        tf.constant([[1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0]]),
    )
    assert held.numpy().tolist() == [
        [True, False, False, False, True, False, False]
    ]


def test_a_fall_below_the_tolerance_is_ftol():
    """From 2 to 1.9 + 0.02: a fall of 0.08, of 2."""
    for tolerance, stop in ((0.041, "ftol"), (0.039, "none")):
        new, _ = judged(step_down(), 1.9, [1.0, 0.0], ftol=tolerance)
        assert stop_of(new) == stop


def test_a_refused_trial_is_never_ftol():
    new, _ = judged(step_down(), 2.5, [1.0, 0.0], ftol=0.5)
    assert stop_of(new) == "none"


def test_the_last_iteration_is_max_iterations():
    for most, stop in ((4, "max_iterations"), (5, "none")):
        new, _ = judged(step_down(), 1.8, [1.0, 0.0], max_iterations=most)
        assert stop_of(new) == stop


def test_twenty_refusals_are_line_search():
    for before, stop in ((19, "line_search"), (18, "none")):
        slots = step_down(rejections=tf.constant([before]))
        new, _ = judged(slots, 2.5, [1.0, 0.0])
        assert stop_of(new) == stop


def settling(margin, **search):
    """Returns the state of `step_down` with a short step ahead."""
    slots = step_down(scale=tf.constant([1e-6], tf.float64))
    search = {name: value[None] for name, value in search.items()}
    return slots._replace(
        here=slots.here._replace(margin=tf.constant([margin], tf.float64)),
        search=slots.search._replace(**search),
    )


@pytest.mark.parametrize("side", [1, -1])
def test_a_margin_that_hardly_moves_is_settled(side):
    """It moved by 0.1 and is 1, more than five times that."""
    low = tf.constant(C / 8, tf.float64)  # an example is known
    still = settling(1.1 * side, low=low)
    new, _ = judged(still, 1.8, [1.0, 0.0], margin=1.0 * side)
    assert stop_of(new) == "settled"
    # c goes up or down with the outcome.
    assert (new.search.c.numpy() - C) * side > 0
    moving, _ = judged(still, 1.8, [1.0, 0.0], margin=0.4 * side)
    assert stop_of(moving) == "none"
    # With a long step ahead: 0.8 of fall of the loss, and more of the margin.
    far = still._replace(scale=tf.constant([1.0], tf.float64))
    ahead, _ = judged(far, 1.8, [1.0, 0.0], margin=1.0 * side)
    assert stop_of(ahead) == "none"
    final = settling(1.1 * side, low=low, final=tf.constant(True))
    careful, _ = judged(final, 1.8, [1.0, 0.0], margin=1.0 * side)
    assert stop_of(careful) == "none"


def test_without_an_example_only_success_is_settled():
    """What looks like a failure may be a saddle on the way to one."""
    new, _ = judged(settling(-1.1), 1.8, [1.0, 0.0], margin=-1.0)
    assert stop_of(new) == "none"
    new, _ = judged(settling(1.1), 1.8, [1.0, 0.0], margin=1.0)
    assert stop_of(new) == "settled"


def test_the_first_criterion_that_holds_is_named():
    """As SciPy's: gtol before ftol before max_iterations."""
    every = {"gtol": 1e-5, "ftol": 1.0, "max_iterations": 4}
    new, _ = judged(step_down(), 1.8, [0.2, 0.0], **every)
    assert stop_of(new) == "gtol"
    new, _ = judged(step_down(), 1.8, [1.0, 0.0], **every)
    assert stop_of(new) == "ftol"


def test_after_a_final_solve_that_succeeds_the_image_rests():
    slots = step_down()
    slots = slots._replace(
        search=slots.search._replace(final=tf.constant([True]))
    )
    new, _ = judged(slots, 1.8, [0.2, 0.0], margin=1.0, gtol=1e-5)
    assert not new.running.numpy().any()
    assert stop_of(new) == "gtol"
    assert new.search.c.numpy() == [C]
    np.testing.assert_allclose(new.here.position, [[0.3, 0.5]], rtol=1e-6)


def with_best(squared):
    """The state of `step_down`, with a best example at that |r|^2."""
    slots = step_down()
    best = slots.best._replace(
        position=tf.constant([[0.9, 0.5]]),
        squared=tf.constant([squared], tf.float64),
    )
    return slots._replace(best=best, best_c=tf.constant([9.0], tf.float64))


@pytest.mark.parametrize("loss", [1.8, 2.5])  # taken, refused
def test_the_nearest_example_is_kept(loss):
    new, _ = judged(with_best(0.05), loss, [1.0, 0.0], margin=0.1)
    np.testing.assert_allclose(new.best.position, [[0.3, 0.5]], rtol=1e-6)
    assert new.best.squared.numpy() == pytest.approx([0.04])
    assert new.best_c.numpy() == [C]


@pytest.mark.parametrize(("squared", "margin"), [(0.03, 0.1), (0.05, -0.1)])
def test_farther_or_no_example_is_not_kept(squared, margin):
    new, _ = judged(with_best(squared), 1.8, [1.0, 0.0], margin=margin)
    np.testing.assert_allclose(new.best.position, [[0.9, 0.5]], rtol=1e-6)
    assert new.best_c.numpy() == [9]


def test_the_next_c_starts_from_the_best_example():
    new, _ = judged(with_best(0.03), 1.8, [0.2, 0.0], gtol=1e-5)
    assert stop_of(new) == "gtol"
    np.testing.assert_allclose(new.here.position, [[0.9, 0.5]], rtol=1e-6)
    assert new.iterations.numpy() == [0]
    nothing, _ = judged(step_down(), 1.8, [0.2, 0.0], gtol=1e-5)
    np.testing.assert_allclose(nothing.here.position, [[0.3, 0.5]], rtol=1e-6)


def test_idle_slots_stay_as_they_are():
    slots = step_down(running=tf.constant([False]), stop=tf.constant([2]))
    new, _ = judged(slots, 1.0, [0.2, 0.0], margin=3.0, gtol=1e-5)
    kept = ("here", "best", "best_c", "iterations", "search")
    kept += ("evaluations", "stop", "running")
    for name in kept:
        tf.nest.map_structure(
            np.testing.assert_array_equal,
            getattr(new, name),
            getattr(slots, name),
        )


@pytest.mark.parametrize(
    ("loss", "margin"), [(np.nan, 1.0), (np.inf, np.nan), (1.8, np.nan)]
)
def test_a_trial_without_an_answer_is_refused(loss, margin):
    """And nothing of it is kept: a NaN would be in every later step."""
    new, following = judged(step_down(), loss, [np.nan, 0.0], margin=margin)
    assert new.iterations.numpy() == [3]
    assert new.rejections.numpy() == [1]
    assert 0.1 <= new.step.numpy()[0] <= 0.5
    assert np.isinf(new.best.squared.numpy()).all()
    assert np.isfinite(following).all()


@pytest.mark.parametrize("slope", [np.nan, np.inf, -np.inf])
def test_a_slope_that_is_no_number_is_none(slope):
    new, following = judged(step_down(), 1.8, [slope, 0.4])
    np.testing.assert_allclose(new.here.gradient, [[0, 0.4]])
    assert np.isfinite(following).all()


def test_inner_products_of_rows():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 5, 784)).astype(np.float32)
    np.testing.assert_allclose(
        judgement.dot(tf.constant(a), tf.constant(b)),
        (a.astype(np.float64) * b).sum(1),
        atol=1e-4,
    )


@pytest.mark.parametrize("norm", ["l2_squared", "l2"])
def test_slope_is_that_of_the_objective(norm):
    """By finite differences in the penalty; the loss here is g'x."""
    origin = np.array([[0.5, 0.4, 0.6]], np.float32)
    gradient = np.array([[0.3, -1.0, 0.1]], np.float32)
    place = np.array([[0.7, 0.4, 0.5]])

    def point(x):
        return states.Point(
            tf.constant(x, tf.float32),
            tf.constant((x * gradient).sum(1), tf.float64),
            tf.constant(gradient),
            tf.constant([0.0], tf.float64),
            tf.constant(((x - origin) ** 2).sum(1), tf.float64),
        )

    c = tf.constant([2.0], tf.float64)
    found = judgement.slope(point(place), tf.constant(origin), c, norm)
    for i in range(3):
        h = 1e-5 * np.eye(3)[[i]]
        rise = judgement.objective(point(place + h), c, norm)
        rise -= judgement.objective(point(place - h), c, norm)
        assert rise.numpy()[0] / 2e-5 == pytest.approx(
            found.numpy()[0, i], abs=1e-4
        )


def test_what_fails_beyond_an_example_that_is_known_is_given_up():
    """A smaller c makes r longer still, which the example beats already."""
    trial = [0.3, 0.5]  # |r|^2 = 0.04
    for reach, goes_on in ((0.03, False), (0.05, True), (np.inf, True)):
        slots = step_down(reach=tf.constant([reach], tf.float64))
        new, _ = judged(slots, 1.8, [0.6, 0.2], max_iterations=4)
        assert stop_of(new) == "max_iterations"
        assert bool(new.running[0]) is goes_on, (trial, reach)
