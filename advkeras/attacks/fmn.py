"""FMN: the fast minimum-norm attack.

Pintor, Roli, Brendel and Biggio, "Fast minimum-norm adversarial attacks through
adaptive norm constraints", NeurIPS 2021, algorithm 1.
"""

import dataclasses
from typing import NamedTuple

import tensorflow as tf

from advkeras import checks
from advkeras.attacks import nearest
from advkeras.attacks import norms
from advkeras.attacks import projections
from advkeras.attacks.attack import check_target_rule

# By the norm: the one of the gradient that says how steep a step is.
_DUAL = {"linf": "l1", "l2": "l2", "l1": "linf"}
_STEP = {"linf": 10.0, "l2": 1.0, "l1": 1.0, "l0": 1.0}
# What is left of the first step size and of gamma at the last step.
_LEFT = 0.01


@dataclasses.dataclass(frozen=True)
class FMN(nearest.Nearest):
    """Looks for the smallest change in a norm, on balls that shrink and grow.

    A step along the gradient, then back to the ball. Its radius is, until
    there is an example, a little more than that of the boundary if it were
    flat; after that it shrinks a little where the change was an example, and
    grows a little where it was none. Steps and shares shrink by a cosine.
    Returned is the nearest example on the way.

    Distances and steps are measured with the pixel range as 1, of each channel
    its own: answers do not depend on the bounds.

    Args:
        norm: What is to be small: "linf", "l2", "l1", or "l0", the number of
            values that differ.
        steps: Number of steps, a gradient each.
        gamma: Share by which the radius shrinks or grows at first, above 0
            and below 1.
        step_size: Euclidean length of the first step; None for 10 of linf,
            and 1 of the others.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.FMN("l1")(classifier, images, labels)
    """

    norm: str = "l2"
    steps: int = 100
    gamma: float = 0.05
    step_size: float | None = None
    targets: str | None = None

    def __post_init__(self) -> None:
        checks.check_choice("norm", self.norm, tuple(_STEP))
        checks.check_count("steps", self.steps)
        nearest.check_part("gamma", self.gamma)
        if self.step_size is not None:
            checks.check_positive("step_size", self.step_size)
        check_target_rule(self.targets)

    def search(self, batch: nearest.Batch) -> tuple[nearest.Best, tf.Tensor]:
        """Steps and projects; see `Nearest.search`."""

        def stepped(now: _State) -> tuple[_State]:
            images = batch.images(now.change)
            said, gradient = batch.uphill(images, batch.odds)
            best, size = batch.nearer(now.best, images, said, self.norm)
            radius = self._radius(batch, now, best, size, said, gradient)
            step = nearest.cosine(first, _LEFT * first, now.i, self.steps)
            change = now.change + norms.steepest_step(
                gradient, "l2", tf.cast(step, gradient.dtype), None
            )
            # The box comes first: what it cuts off must not use up the ball.
            # On the way to the ball values go toward 0, and stay in the box.
            change = tf.clip_by_value(change, least, most)
            change = projections.onto_ball(change, self.norm, radius)
            return (_State(now.i + 1, change, radius, best),)

        least, most = batch.room()
        first = self.step_size or _STEP[self.norm]
        (now,) = tf.while_loop(
            lambda now: now.i < self.steps,
            stepped,
            (
                _State(
                    tf.constant(0),
                    tf.zeros_like(batch.originals),
                    batch.full(0.0),
                    batch.nothing(),
                ),
            ),
        )
        images = batch.images(now.change)
        best, _ = batch.nearer(now.best, images, batch.ask(images), self.norm)
        return best, batch.count(self.steps)

    def _radius(
        self,
        batch: nearest.Batch,
        now: "_State",
        best: nearest.Best,
        size: tf.Tensor,
        said: nearest.Said,
        gradient: tf.Tensor,
    ) -> tf.Tensor:
        """Returns the next radius, from what a change of a size came to."""
        dtype = size.dtype
        left = nearest.cosine(self.gamma, _LEFT * self.gamma, now.i, self.steps)
        shrunk = now.radius * (1 - tf.cast(left, dtype))
        grown = now.radius * (1 + tf.cast(left, dtype))
        if self.norm == "l0":  # by one at least
            shrunk = tf.minimum(tf.floor(shrunk), best.size - 1)
            shrunk = tf.maximum(shrunk, 1)
            grown = tf.maximum(grown, now.radius + 1)
            far = now.radius + 1
        else:
            shrunk = tf.minimum(shrunk, best.size)
            steep = batch.size(gradient, _DUAL[self.norm])
            flat = size + tf.math.divide_no_nan(-said.lead, steep)
            # Beyond, and further each time: none may be where it would be flat.
            far = (1 + self.gamma) * tf.maximum(flat, now.radius)
            # Rounded away on levels, as far again, and so on.
            far = tf.where(size > 0, far, tf.maximum(far, 2 * now.radius))
        return tf.where(said.met, shrunk, tf.where(best.found, grown, far))


class _State(NamedTuple):
    """Where a search is: the step, and for each image the rest."""

    i: tf.Tensor
    change: tf.Tensor
    radius: tf.Tensor  # of the ball that the change is in
    best: nearest.Best
