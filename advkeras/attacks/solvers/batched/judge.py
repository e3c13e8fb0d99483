"""One round of the batched solver: what follows from the model's answers."""

from typing import NamedTuple

import tensorflow as tf

from advkeras.attacks.solvers.batched import search as c_search
from advkeras.attacks.solvers.batched.slots import Point
from advkeras.attacks.solvers.batched.slots import Slots
from advkeras.attacks.solvers.batched.slots import choose
from advkeras.attacks.solvers.penalty import penalty
from advkeras.attacks.solvers.penalty import pull
from advkeras.attacks.solvers.solution import STOPS

_ARMIJO = 1e-4  # of the fall that the gradient promises, a step must bring
# A refused trial may have been refused for rounding alone: relative to the
# objective, what a step may rise after the first refusal.
_ROUNDING = 1e-6
_REJECTIONS = 20  # refused trials after which a line search has failed
_SHRINK = (0.1, 0.5)  # of a step that was refused
# A solve is left when even so many times what the margin still moves would not
# change its sign.
_SETTLED = 5.0
_CLEAR = 1e-3  # and the margin is larger than this


class Limits(NamedTuple):
    """When to stop, as scalars; see `LBFGS`."""

    ftol: tf.Tensor
    gtol: tf.Tensor
    c_rtol: tf.Tensor
    max_iterations: tf.Tensor


class Newest(NamedTuple):
    """What the next direction goes by; all (n, pixels).

    Attributes:
        move: s, the last move.
        change: y, how the loss's gradient changed on it; 0 on pixels that a
            bound holds.
        gradient: The objective's at the new place, 0 likewise.
    """

    move: tf.Tensor
    change: tf.Tensor
    gradient: tf.Tensor


def judge(
    slots: Slots,
    loss: tf.Tensor,
    gradient: tf.Tensor,
    margin: tf.Tensor,
    limits: Limits,
    norm: str,
) -> tuple[Slots, Newest]:
    """Takes or refuses each trial, ends solves, and chooses the next c.

    Args:
        slots: The images, which asked for their trials.
        loss: The target's cross-entropy at the trials, float64, (n,).
        gradient: Of the loss, float32, (n, pixels).
        margin: The target's lead at the trials, float64, (n,).
        limits: When to stop.
        norm: Of the penalty.

    Returns:
        The images, some of them with another c or place, but with the trials
        that were just judged; and what the next direction goes by.
    """
    # Without an answer a trial is refused. A NaN would be in every step after,
    # and in the pairs it would outlast the image that brought it.
    answered = tf.math.is_finite(loss + margin)
    loss = tf.where(answered, loss, float("inf"))
    margin = tf.where(answered, margin, float("-inf"))
    gradient = tf.where(tf.math.is_finite(gradient), gradient, 0)
    here, c, running = slots.here, slots.search.c, slots.running
    r = slots.trial - slots.origin
    there = Point(slots.trial, loss, gradient, margin, dot(r, r))
    was, now = objective(here, c, norm), objective(there, c, norm)
    slope_here = slope(here, slots.origin, c, norm)
    slope_there = slope(there, slots.origin, c, norm)
    move = there.position - here.position
    promised = dot(slope_here, move)

    grace = tf.where(slots.rejections > 0, _ROUNDING * tf.abs(was), 0)
    taken = running & answered & (now <= was + _ARMIJO * promised + grace)
    held = is_held(there.position, slope_there)
    k = _column(c * pull(norm, there.squared))
    change = tf.where(~held, slope_there - slope_here - k * move, 0)

    nearer = running & (margin > 0) & (there.squared < slots.best.squared)
    best = choose(nearer, there, slots.best)
    reached = choose(taken, there, here)
    iterations = slots.iterations + tf.cast(taken, tf.int32)
    rejections = tf.where(taken, 0, slots.rejections + 1)
    shrink = -promised / tf.maximum(2 * (now - was - promised), 1e-30)

    stop = _stop(
        slots,
        there,
        was,
        now,
        slope_there,
        held,
        taken,
        iterations,
        rejections,
        limits,
    )
    ended = running & (stop > 0)
    search, over = c_search.advance(
        slots.search, ended, reached.margin, limits.c_rtol
    )
    # The smaller c, the longer r: what failed at this length does so nearer.
    behind = ended & (reached.margin <= 0) & (reached.squared >= slots.reach)
    over |= behind & (best.squared >= slots.reach)
    running &= ~over
    # The next c starts from the best example.
    reached = choose(
        ended & running & (best.squared < float("inf")), best, reached
    )
    again = taken | ended
    new = slots._replace(
        here=reached,
        best=best,
        best_c=tf.where(nearer, c, slots.best_c),
        step=tf.where(
            ~again, slots.step * tf.clip_by_value(shrink, *_SHRINK), 1
        ),
        iterations=tf.where(ended, 0, iterations),
        rejections=tf.where(ended, 0, rejections),
        search=search,
        evaluations=slots.evaluations + tf.cast(slots.running, tf.int32),
        stop=tf.where(ended, stop, slots.stop),
        running=running,
    )
    return new, Newest(move, change, free_slope(new, norm))


def _stop(
    slots: Slots,
    there: Point,
    was: tf.Tensor,
    now: tf.Tensor,
    gradient: tf.Tensor,
    held: tf.Tensor,
    taken: tf.Tensor,
    iterations: tf.Tensor,
    rejections: tf.Tensor,
    limits: Limits,
) -> tf.Tensor:
    """Returns why each solve ends, an index into `STOPS`; 0 if it goes on."""
    projected = tf.clip_by_value(there.position - gradient, 0.0, 1.0)
    largest = tf.reduce_max(tf.abs(projected - there.position), axis=1)
    largest = tf.cast(largest, tf.float64)
    size = tf.maximum(tf.maximum(tf.abs(was), tf.abs(now)), 1)
    # What the newest pair's step would still change of the loss, and so of
    # log(p / (1 - p)), which moves as the margin does.
    fall = dot(there.gradient, tf.where(~held, gradient, 0)) * slots.scale
    ahead = tf.abs(fall) / tf.maximum(1 - tf.exp(-there.loss), 1e-6)
    lately = tf.abs(there.margin - slots.here.margin)
    unsure = _SETTLED * tf.maximum(ahead, lately)
    moved = taken & (iterations > 0)
    holds = {
        "gtol": taken & (largest <= limits.gtol),
        "ftol": moved & (was - now <= limits.ftol * size),
        "max_iterations": iterations >= limits.max_iterations,
        "line_search": rejections >= _REJECTIONS,
        "settled": moved
        & ~slots.search.final
        # Before the first example what looks like a failure may be a saddle.
        & ((slots.search.low > 0) | (there.margin > 0))
        & (tf.abs(there.margin) > tf.maximum(unsure, _CLEAR)),
    }
    stop = tf.zeros_like(iterations)
    for name in reversed(holds):  # the first that holds is the one named
        stop = tf.where(holds[name], STOPS.index(name), stop)
    return stop


def objective(point: Point, c: tf.Tensor, norm: str) -> tf.Tensor:
    """Returns c penalty(r) + loss, (n,)."""
    return point.loss + c * penalty(norm, point.squared)


def slope(
    point: Point, origin: tf.Tensor, c: tf.Tensor, norm: str
) -> tf.Tensor:
    """Returns the objective's gradient, (n, pixels)."""
    k = _column(c * pull(norm, point.squared))
    return point.gradient + k * (point.position - origin)


def free_slope(slots: Slots, norm: str) -> tf.Tensor:
    """Returns the gradient where each image is, 0 on what a bound holds."""
    gradient = slope(slots.here, slots.origin, slots.search.c, norm)
    held = is_held(slots.here.position, gradient)
    return tf.where(~held, gradient, 0)


def is_held(position: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Returns which pixels a descent would press against their bounds."""
    return ((position <= 0) & (gradient > 0)) | (
        (position >= 1) & (gradient < 0)
    )


def dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns the inner product of each pair of rows, float64, (n,).

    Summed in float32: as a product with ones it is summed in several parts,
    which costs least and rounds least.
    """
    ones = tf.ones((tf.shape(a)[1],), a.dtype)
    return tf.cast(tf.linalg.matvec(a * b, ones), tf.float64)


def _column(vector: tf.Tensor) -> tf.Tensor:
    return tf.cast(vector, tf.float32)[:, None]
