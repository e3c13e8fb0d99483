"""DDN: decoupled direction and norm.

Rony, Hafemann, Oliveira, Ben Ayed, Sabourin and Granger, "Decoupling direction
and norm for efficient gradient-based L2 adversarial attacks and defenses", CVPR
2019, algorithm 1.
"""

import dataclasses
from typing import NamedTuple

import tensorflow as tf

from advkeras import checks
from advkeras.attacks import nearest
from advkeras.attacks import norms
from advkeras.attacks.attack import check_target_rule

# Of the steps along the gradient, the first and the last, section 3.
_FIRST, _LAST = 1.0, 0.01


@dataclasses.dataclass(frozen=True)
class DDN(nearest.Nearest):
    """Looks for the smallest change in l2, its norm apart from its direction.

    A step along the gradient turns the change; its norm is then set to what
    it was, less a little where that was an example, and a little more where it
    was none. Steps shrink from 1 to 0.01 by a cosine. Returned is the nearest
    example on the way.

    Distances and steps are measured with the pixel range as 1, of each channel
    its own: answers do not depend on the bounds.

    Args:
        steps: Number of steps, a gradient each.
        gamma: Share by which the norm shrinks or grows, above 0 and below 1.
        init_norm: The first norm.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.DDN(steps=300)(classifier, images, labels)
        >>> result.l2.mean()
    """

    steps: int = 100
    gamma: float = 0.05
    init_norm: float = 1.0
    targets: str | None = None

    def __post_init__(self) -> None:
        checks.check_count("steps", self.steps)
        nearest.check_part("gamma", self.gamma)
        checks.check_positive("init_norm", self.init_norm)
        check_target_rule(self.targets)

    def search(self, batch: nearest.Batch) -> tuple[nearest.Best, tf.Tensor]:
        """Turns and scales; see `Nearest.search`."""

        def stepped(now: _State) -> tuple[_State]:
            images = batch.images(now.change)
            said, gradient = batch.uphill(images, batch.odds)
            best, _ = batch.nearer(now.best, images, said, "l2")
            step = nearest.cosine(_FIRST, _LAST, now.i, self.steps)
            turned = now.change + norms.steepest_step(
                gradient, "l2", tf.cast(step, gradient.dtype), None
            )
            factor = tf.where(said.met, 1 - self.gamma, 1 + self.gamma)
            norm = now.norm * tf.cast(factor, now.norm.dtype)
            scale = tf.math.divide_no_nan(norm, batch.size(turned, "l2"))
            change = tf.clip_by_value(batch.each(scale) * turned, least, most)
            return (_State(now.i + 1, change, norm, best),)

        least, most = batch.room()
        (now,) = tf.while_loop(
            lambda now: now.i < self.steps,
            stepped,
            (
                _State(
                    tf.constant(0),
                    tf.zeros_like(batch.originals),
                    batch.full(self.init_norm),
                    batch.nothing(),
                ),
            ),
        )
        images = batch.images(now.change)
        best, _ = batch.nearer(now.best, images, batch.ask(images), "l2")
        return best, batch.count(self.steps)


class _State(NamedTuple):
    """Where a search is: the step, and for each image the rest."""

    i: tf.Tensor
    change: tf.Tensor
    norm: tf.Tensor  # that the change is to have
    best: nearest.Best
