"""The attack of Carlini and Wagner.

Carlini and Wagner, "Towards evaluating the robustness of neural networks", IEEE
S&P 2017, section 6 A, with what their code adds: Adam, and a search for c.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import nearest
from advkeras.attacks.attack import check_target_rule

# Of a half of the range, what a pixel starts within it: at the bound itself
# tanh is flat, and the pixel would never move.
_WITHIN = 0.99
# Adam's, as Kingma and Ba 2015 have them.
_MOMENTUM, _SQUARES, _TINY = 0.9, 0.999, 1e-8
_GROWTH = 10.0  # of c, while no c led to an example
_CHECKS = 10  # in as many parts of the steps the objective has to fall
_FALL = 1e-4  # by this part of it


@dataclasses.dataclass(frozen=True)
class CarliniWagner(nearest.Nearest):
    """Minimises |r|^2 + c * (what the lead lacks), for several c an image.

    Pixels are tanh of what Adam works on, and so within the bounds. c is
    searched for, image by image: 10 times as large until there is an example,
    then by halves between those that led to none and to one. Returned is the
    nearest example on the way.

    Distances are measured with the pixel range as 1, of each channel its own:
    answers do not depend on the bounds.

    Args:
        steps: The most steps for one c, a gradient each.
        search_steps: Number of values of c.
        c_start: The first.
        learning_rate: Adam's.
        confidence: By how much the goal is to be met: kappa, in logits. What
            meets it by less is returned where nothing else was found.
        abort_early: Whether an image is done with a c when its objective has
            not fallen in a tenth of the steps.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.CarliniWagner()(classifier, images, labels)
        >>> result.l2.mean(), result.gradient_evaluations.mean()
    """

    steps: int = 200
    search_steps: int = 5
    c_start: float = 1.0
    learning_rate: float = 0.1
    confidence: float = 0.0
    abort_early: bool = True
    targets: str | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "search_steps"):
            checks.check_count(name, getattr(self, name))
        for name in ("c_start", "learning_rate"):
            checks.check_positive(name, getattr(self, name))
        checks.check_not_negative("confidence", self.confidence)
        checks.check_choice("abort_early", self.abort_early, (False, True))
        check_target_rule(self.targets)

    def search(self, batch: nearest.Batch) -> tuple[nearest.Best, tf.Tensor]:
        """Searches for c; see `Nearest.search`."""

        def solved(now: _Search) -> tuple[_Search]:
            end = self._solve(batch, now)
            low = tf.where(end.met, now.low, now.c)
            high = tf.where(end.met, now.c, now.high)
            c = tf.where(
                tf.math.is_finite(high), (low + high) / 2, _GROWTH * now.c
            )
            return (
                _Search(now.i + 1, c, low, high, end.best, end.evaluations),
            )

        (now,) = tf.while_loop(
            lambda now: now.i < self.search_steps,
            solved,
            (
                _Search(
                    tf.constant(0),
                    batch.full(self.c_start),
                    batch.full(0.0),
                    batch.full(np.inf),
                    batch.nothing(),
                    batch.count(0),
                ),
            ),
        )
        return now.best, now.evaluations

    def _solve(self, batch: nearest.Batch, given: "_Search") -> "_Solve":
        """Minimises for one c an image."""

        def stepped(now: _Solve) -> tuple[_Solve]:
            pixels = tf.tanh(now.place)
            change = (pixels - begin) / 2
            images = batch.images(change)
            said, uphill = batch.uphill(images, batch.lead)
            lacking = self.confidence - said.lead
            said = said._replace(met=said.met & (lacking <= 0))
            best, size = batch.nearer(now.best, images, said, "l2")
            weight = tf.where(~said.met, given.c, 0)
            objective = size**2 + weight * lacking
            slope = 2 * change - batch.each(weight) * uphill
            step, mean, square = self._adam(now, slope * (1 - pixels**2) / 2)
            due = (now.i + 1) % part == 0
            stuck = due & (objective > (1 - _FALL) * now.objective)
            return (
                _Solve(
                    now.i + 1,
                    tf.where(batch.each(now.done), now.place, now.place - step),
                    mean,
                    square,
                    tf.where(due, objective, now.objective),
                    now.done | (stuck & self.abort_early),
                    now.met | said.met,
                    best,
                    now.evaluations + tf.cast(~now.done, tf.int64),
                ),
            )

        least, _ = batch.room()
        begin = -1 - 2 * least
        part = max(1, self.steps // _CHECKS)
        place = tf.atanh(_WITHIN * begin)
        never = tf.zeros_like(batch.goals, tf.bool)
        (now,) = tf.while_loop(
            lambda now: (now.i < self.steps) & tf.reduce_any(~now.done),
            stepped,
            (
                _Solve(
                    tf.constant(0),
                    place,
                    tf.zeros_like(place),
                    tf.zeros_like(place),
                    batch.full(np.inf),
                    never,
                    never,
                    given.best,
                    given.evaluations,
                ),
            ),
        )
        return now

    def _adam(
        self, now: "_Solve", slope: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the next step, and both of Adam's means."""
        mean = _MOMENTUM * now.mean + (1 - _MOMENTUM) * slope
        square = _SQUARES * now.square + (1 - _SQUARES) * slope**2
        i = tf.cast(now.i + 1, slope.dtype)
        size = self.learning_rate / (1 - _MOMENTUM**i)
        spread = tf.sqrt(square / (1 - _SQUARES**i))
        return size * mean / (spread + _TINY), mean, square


class _Search(NamedTuple):
    """Where the search for c is: its step, and for each image the rest."""

    i: tf.Tensor
    c: tf.Tensor  # the next
    low: tf.Tensor  # the largest that led to no example
    high: tf.Tensor  # the smallest that led to one
    best: nearest.Best
    evaluations: tf.Tensor


class _Solve(NamedTuple):
    """Where Adam is: its step, and for each image the rest."""

    i: tf.Tensor
    place: tf.Tensor  # of which tanh is the image
    mean: tf.Tensor  # of slopes
    square: tf.Tensor  # of slopes, likewise a mean
    objective: tf.Tensor  # when it was last compared
    done: tf.Tensor
    met: tf.Tensor  # whether there was an example
    best: nearest.Best
    evaluations: tf.Tensor
