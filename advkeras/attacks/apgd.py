"""Auto-PGD: ascent that sets its own step size.

Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble
of diverse parameter-free attacks", ICML 2020, sections 3 and 4.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import apgd_climb
from advkeras.attacks import balls
from advkeras.attacks import targets as target_rules
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import fooled
from advkeras.attacks.attack import keep_amount
from advkeras.attacks.attempts import POOL
from advkeras.attacks.attempts import Attempts
from advkeras.attacks.attempts import in_turn
from advkeras.attacks.attempts import parts_of
from advkeras.classifier import Classifier

LOSSES = ("ce", "dlr")
# Classes that a loss needs, untargeted and targeted: equations 6 and 7.
_CLASSES = {"ce": (2, 2), "dlr": (3, 4)}


@dataclasses.dataclass(frozen=True)
class APGD(Attack):
    """Steps from 2 epsilon, halved when they no longer climb.

    Each step has a quarter of the one before. At checkpoints that come closer
    and closer an image goes back to its best, and on in steps of half the
    size, if fewer than `rho` of the steps since the last one went up, or if
    neither step nor best have changed since. There is no step size to choose.

    Returned is the first iterate that succeeds; where there is none, or with
    `stop_early=False`, that of largest loss.

    Args:
        epsilon: As of `PGD`.
        norm: As of `PGD`.
        steps: Number of steps.
        loss: What it climbs: "ce", cross-entropy, or "dlr", the difference of
            logits ratio, which does not depend on the scale of the logits. It
            needs three classes, and with targets four.
        restarts: As of `PGD`.
        targets: None, "random" or "next", as of `PGD`; or "all": any class but
            the label will do, and the wrong classes are aimed at in turn, that
            of the largest logit first.
        target_classes: How many of these "all" aims at, at most.
        random_start: As of `PGD`.
        rho: Share of the steps that are to go up, 0 to 1.
        stop_early: As of `PGD`.

    Raises:
        ValueError: A hyper-parameter is not as described, or the model has too
            few classes for the loss.

    Example:
        >>> attack = ak.attacks.APGD(8 / 255, loss="dlr", targets="all")
        >>> result = attack(classifier, images, labels)
    """

    epsilon: channels.Amount
    norm: str = "linf"
    steps: int = 100
    loss: str = "ce"
    restarts: int = 1
    targets: str | None = None
    target_classes: int = 9
    random_start: bool = False
    rho: float = 0.75
    stop_early: bool = True

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, balls.NORMS)
        checks.check_count("steps", self.steps)
        checks.check_choice("loss", self.loss, LOSSES)
        checks.check_count("restarts", self.restarts)
        if self.targets is not None:
            known = (*target_rules.RULES, target_rules.ALL)
            checks.check_choice("targets", self.targets, known)
        checks.check_count("target_classes", self.target_classes)
        checks.check_choice("random_start", self.random_start, (True, False))
        checks.check_share("rho", self.rho)
        checks.check_choice("stop_early", self.stop_early, (True, False))

    def check_model(self, classifier: Classifier, targeted: bool) -> None:
        """Raises ValueError where the loss needs more classes."""
        aimed = targeted or self.targets is not None
        least = _CLASSES[self.loss][aimed]
        if classifier.num_classes < least:
            raise ValueError(
                f"`loss` must be 'ce' for a model of {classifier.num_classes} "
                f"classes: {'targeted ' * aimed}'dlr' compares {least} logits. "
                f"Received: loss={self.loss!r}"
            )

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """By all steps, for training is on what is hardest."""
        whole = dataclasses.replace(self, stop_early=False)
        return Attack.on_tensors(whole, classifier, images, labels, seed, sizes)

    def leaves_graph(self) -> bool:
        """As of `Attack`: it does."""
        return True

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
        predictions = classifier.predict(images, batch_size)
        epsilon: Any = self.epsilon
        if classifier.levels is not None and self.norm == "linf":
            epsilon = classifier.levels.whole(epsilon)
        epsilon = channels.array(epsilon)
        aims = (labels if targets is None else targets)[:, None]
        if targets is None and self.targets == target_rules.ALL:
            aims = target_rules.ranked(classifier, images, labels, batch_size)
            aims = aims[:, : self.target_classes]
        # Most that fall do so toward the first class. What withstands that is
        # mostly robust, and goes toward the others together.
        groups = [aims[:, :1], aims[:, 1:]]
        tries = [
            _Try(
                restart * aims.shape[1] + i,
                self.random_start or restart > 0,
                group,
            )
            for restart in range(self.restarts)
            for i, group in enumerate(groups)
            if group.shape[1]
        ]

        def reached(rows: np.ndarray | slice, said: np.ndarray) -> np.ndarray:
            if targets is not None:
                return said == targets[rows]
            return fooled(said, labels[rows])

        def asked(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
            if classifier.levels is not None:
                found = classifier.levels.nearest(found).numpy()
            return reached(rows, classifier.predict(found, batch_size))

        aimed = targets is not None or self.targets is not None

        def climb(
            one: _Try, rows: np.ndarray, stop_early: bool
        ) -> tuple[np.ndarray, ...]:
            climbing = self._climb(
                classifier, aimed, targets is not None, epsilon, stop_early
            )
            spans, width = apgd_climb.checkpoints(self.steps), one.aims.shape[1]
            found = []
            for some in parts_of(rows, max(1, POOL * batch_size // width)):
                originals = images[some].repeat(width, axis=0)
                begin = originals
                if one.random:
                    begin = begin.copy()
                    for i in range(width):
                        begin[i::width] += balls.points(
                            images[some],
                            self.norm,
                            epsilon,
                            seed,
                            one.number + i,
                        )
                made = climbing(
                    originals,
                    begin,
                    labels[some].repeat(width),
                    one.aims[some].ravel(),
                    epsilon,
                    spans,
                    min(batch_size, len(begin)),
                )
                arrays = [array.numpy() for array in made]
                found.append(_best_of(arrays, width, stop_early))
            return tuple(np.concatenate(of) for of in zip(*found, strict=True))

        standing = np.ones(len(images), bool)
        if self.stop_early:
            standing = ~reached(slice(None), predictions)
        best = Attempts.at(images, standing)
        in_turn(best, tries, climb, asked, self.stop_early, batch_size)
        return Generated(
            best.images, predictions, {"gradient_evaluations": best.used}
        )

    def _climb(
        self,
        classifier: Classifier,
        aimed: bool,
        targeted: bool,
        epsilon: Any,
        stop_early: bool,
    ) -> Any:
        # Of how many steps is an argument, as numbers are.
        shape, kind = tuple(np.shape(epsilon)), (self.norm, self.loss, self.rho)
        return classifier.compiled(
            ("apgd", *kind, aimed, targeted, stop_early, shape),
            lambda c: apgd_climb.build(
                c, *kind, aimed, targeted, stop_early, shape
            ),
        )


class _Try(NamedTuple):
    """Climbs of all images that stand, toward some classes each."""

    number: int  # of the first class's random numbers
    random: bool  # whether it begins anywhere in the ball
    aims: np.ndarray  # classes to aim at, (n, k); labels where there are none


def _best_of(
    made: Sequence[np.ndarray], width: int, stop_early: bool
) -> tuple[np.ndarray, ...]:
    """Returns the best of each `width` climbs, and gradients of them all."""
    images, height, used, met = made
    rank = np.where(met & stop_early, np.inf, height).reshape(-1, width)
    best = np.arange(len(rank)) * width + rank.argmax(axis=1)
    total = used.reshape(-1, width).sum(axis=1)
    return images[best], height[best], total, met[best]
