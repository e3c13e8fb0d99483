"""Projected gradient ascent: the loop that iterative attacks share."""

import dataclasses
from typing import Any
from typing import ClassVar

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import balls
from advkeras.attacks import climb
from advkeras.attacks import norms
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import fooled
from advkeras.attacks.attack import keep_amount
from advkeras.attacks.attempts import Attempts
from advkeras.attacks.attempts import in_turn
from advkeras.attacks.climb import Objective
from advkeras.classifier import Classifier

# Of its share of the way, a step goes this much: so that every point of the
# ball is in reach. (Madry et al. 2018 in their released code.)
_REACH = 2.5


@dataclasses.dataclass(frozen=True)
class Ascent(Attack):
    """Base of attacks that climb an objective within a ball of epsilon.

    A subclass writes `objective`; see `PGD` for the fields.
    """

    # After so many steps without a new best an image goes back to its best,
    # and on in steps of half the size; None: never.
    patience: ClassVar[int | None] = None

    epsilon: channels.Amount
    norm: str = "linf"
    steps: int = 20
    step_size: channels.Amount | None = None
    random_start: bool = False
    stop_early: bool = dataclasses.field(default=False, kw_only=True)
    restarts: int = dataclasses.field(default=1, kw_only=True)
    momentum: float = dataclasses.field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, balls.NORMS)
        checks.check_count("steps", self.steps)
        if self.step_size is not None:
            keep_amount(self, "step_size")
        checks.check_choice("stop_early", self.stop_early, (True, False))
        checks.check_count("restarts", self.restarts)
        checks.check_not_negative("momentum", self.momentum)

    def objective(self, classifier: Classifier, targeted: bool) -> Objective:
        """Returns what is climbed, as a function of images and goals.

        Args:
            classifier: The model to fool.
            targeted: Whether the goals are targets to reach; else labels to
                leave.
        """
        raise NotImplementedError

    def reached(
        self,
        classifier: Classifier,
        images: np.ndarray,
        predictions: np.ndarray,
        goals: np.ndarray,
        targeted: bool,
    ) -> np.ndarray:
        """Returns which images reach the goal by the model's word, (n,).

        Args:
            classifier: The model to fool.
            images: What it was asked of, (n, height, width, channels).
            predictions: What it said, (n,).
            goals: As of `objective`, (n,).
            targeted: As of `objective`.
        """
        del classifier, images
        return predictions == goals if targeted else fooled(predictions, goals)

    def key(self) -> Any:
        """Returns what the compiled loop depends on, but for numbers."""
        return (type(self), self.norm, self.steps, self.momentum)

    def first_step(self) -> channels.Amount:
        """Returns the size of the first step, in the units of the images."""
        return self.step_size or channels.apply(
            lambda epsilon: _REACH * epsilon / self.steps, self.epsilon
        )

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        """Returns a step of size 1 for each image, as the gradient."""
        return norms.steepest_step(gradient, self.norm, 1.0, None)

    def sizes(self, classifier: Classifier) -> tuple[Any, ...]:
        """Returns the radius and the first step; see `Attack.sizes`."""
        return () if self.leaves_graph() else self._sizes(classifier)

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """Climbs away from the labels; see `Attack.on_tensors`.

        By all steps, for training is on what is hardest.
        """
        if self.leaves_graph():
            whole = dataclasses.replace(self, stop_early=False)
            return Attack.on_tensors(whole, classifier, images, labels, seed)
        epsilon, first_step = sizes or self._sizes(classifier)
        begin = images
        if self.random_start:
            begin += balls.points_on_tensors(images, self.norm, epsilon, seed)
        climbing = self._climb(classifier, False, False, epsilon, first_step)
        return climbing(images, begin, labels, epsilon, first_step)[0]

    def leaves_graph(self) -> bool:
        """Returns whether targets or restarts are chosen in Python."""
        return getattr(self, "targets", None) is not None or self.restarts > 1

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Climbs, batch by batch; see `Attack.generate`."""
        targeted = targets is not None
        goals = labels if targets is None else targets
        sizes = self._sizes(classifier)

        def asked(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
            if classifier.levels is not None:
                found = classifier.levels.nearest(found).numpy()
            said = classifier.predict(found, batch_size)
            return self.reached(classifier, found, said, goals[rows], targeted)

        def climbed(
            restart: int, rows: np.ndarray, stop_early: bool
        ) -> tuple[np.ndarray, ...]:
            begin = images[rows]
            if self.random_start or restart:
                begin = begin + balls.points(
                    begin, self.norm, sizes[0], seed, restart
                )
            given = images[rows], begin.astype(np.float32), goals[rows], *sizes
            climbing = self._climb(classifier, targeted, stop_early, *sizes)
            if stop_early:
                found = climbing(*given, min(batch_size, len(rows)))
                return tuple(array.numpy() for array in found)
            found, height = climbing(*given)
            used, unknown = np.full(len(rows), self.steps), np.empty(0)
            return found.numpy(), height.numpy(), used, unknown

        predictions = classifier.predict(images, batch_size)
        standing = np.ones(len(images), bool)
        if self.stop_early:
            standing = ~self.reached(
                classifier, images, predictions, goals, targeted
            )
        best = Attempts.at(images, standing)
        restarts = range(self.restarts)
        in_turn(best, restarts, climbed, asked, self.stop_early, batch_size)
        return Generated(
            best.images, predictions, {"gradient_evaluations": best.used}
        )

    def _climb(
        self,
        classifier: Classifier,
        targeted: bool,
        stop_early: bool,
        *sizes: Any,
    ) -> Any:
        of_epsilon, of_step = (
            tuple(getattr(size, "shape", ())) for size in sizes
        )
        return classifier.compiled(
            (self.key(), targeted, stop_early, of_epsilon, of_step),
            lambda c: climb.build(
                c,
                self,
                self.objective(c, targeted),
                of_epsilon,
                of_step,
                stop_early,
            ),
        )

    def _sizes(self, classifier: Classifier) -> tuple[Any, Any]:
        """Returns the radius and the first step, one number or (channels,)."""
        epsilon = self.epsilon
        if classifier.levels is not None and self.norm == "linf":
            epsilon = classifier.levels.whole(epsilon)
        return channels.array(epsilon), channels.array(self.first_step())
