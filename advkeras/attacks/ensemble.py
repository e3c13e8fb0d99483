"""Ensemble: attacks in turn, each on what the ones before left standing.

After AutoAttack: Croce and Hein 2020, section 5. Other members: many short
climbs and a few long ones in place of nine of 100 steps, and FMN for FAB.
"""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import balls
from advkeras.attacks.apgd import APGD
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.attack import fooled
from advkeras.attacks.attack import keep_amount
from advkeras.attacks.fmn import FMN
from advkeras.attacks.square import Square
from advkeras.classifier import Classifier

# Of the steps of a long climb, those of the first one and of those toward
# every class; and how many classes long climbs go toward.
_FIRST, _EVERY, _FEW = 4, 8, 3
# Of the search for the nearest and the last climb, which few images come to,
# the steps over those of a long climb.
_NEAREST, _LAST = 5, 6
_CLASSES = 10  # most that are aimed at, and one
_DLR_CLASSES = 4  # that targeted DLR compares
_CLEAN, _NONE = "clean", "none"


@dataclasses.dataclass(frozen=True)
class Ensemble(Attack):
    """The strongest of several attacks, image by image, cheapest first.

    - "apgd": `APGD` on cross-entropy, steps / 4.
    - "apgd-every": `APGD` on DLR toward every wrong class, nine at most, those
      of the largest logits first, steps / 8 each.
    - "apgd-long": `APGD` on cross-entropy toward the first three of them, the
      whole of the steps each.
    - "square", for "linf" alone: `Square`, which asks for no gradient.
    - "fmn": `FMN`, which looks for the nearest example, steps * 5. It comes
      from within, where climbs walk about on the ball: what is nearer than
      epsilon is within the budget.
    - "apgd-last": `APGD` on cross-entropy, steps * 6.

    An image that one of them broke is shown to no other. The `member` of the
    result is the one that did; "clean" where the model errs already, "none"
    where the image withstood them all: its attempt is then the first one's.

    Where targets are given, or are to be chosen, all members aim at those, and
    "apgd-every" and "apgd-long" at nothing else.

    Args:
        epsilon: As of `PGD`.
        norm: As of `PGD`.
        steps: Of the longest climbs. More is stronger, and takes longer.
        queries: Of `Square`.
        targets: None, "random" or "next", as of `PGD`.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.Ensemble(8 / 255)(classifier, images, labels)
        >>> dict(zip(*np.unique(result.member, return_counts=True)))
    """

    epsilon: channels.Amount
    norm: str = "linf"
    steps: int = 40
    queries: int = 100
    targets: str | None = None

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, balls.NORMS)
        checks.check_count("steps", self.steps)
        checks.check_count("queries", self.queries)
        check_target_rule(self.targets)

    def members(
        self, num_classes: int, targeted: bool = False
    ) -> dict[str, Attack]:
        """Returns the attacks by name, in their order.

        Args:
            num_classes: Of the model to fool.
            targeted: Whether targets will be given.
        """
        every = None if targeted else "all"
        loss = "dlr" if num_classes >= _DLR_CLASSES else "ce"
        first, short = (max(1, self.steps // n) for n in (_FIRST, _EVERY))
        climb = APGD(self.epsilon, self.norm, steps=first)
        members: dict[str, Attack] = {
            "apgd": climb,
            "apgd-every": dataclasses.replace(
                climb,
                steps=short,
                loss=loss,
                targets=every,
                target_classes=_CLASSES - 1,
            ),
            "apgd-long": dataclasses.replace(
                climb, steps=self.steps, targets=every, target_classes=_FEW
            ),
        }
        if self.norm == "linf":
            members["square"] = Square(self.epsilon, queries=self.queries)
        members["fmn"] = FMN(self.norm, _NEAREST * self.steps)
        members["apgd-last"] = dataclasses.replace(
            climb, steps=_LAST * self.steps
        )
        return members

    def within(self, changes: np.ndarray) -> np.ndarray:
        """Returns which changes are within the budget, bool, (n,)."""
        shares = changes / channels.array(self.epsilon)
        order = {"linf": np.inf, "l2": 2}[self.norm]
        sizes = np.linalg.norm(shares.reshape(len(shares), -1), order, axis=1)
        return np.asarray(sizes <= 1)

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """As of `APGD` on cross-entropy: training is on one loss, in full."""
        whole = APGD(self.epsilon, self.norm, self.steps, targets=self.targets)
        return whole.on_tensors(classifier, images, labels, seed, sizes)

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
        """Attacks in turn; see `Attack.generate`."""
        n = len(images)
        predictions = classifier.predict(images, batch_size)
        broken = (
            fooled(predictions, labels)
            if targets is None
            else predictions == targets
        )
        found = images.copy()
        used, asked = np.zeros(n, np.int64), np.zeros(n, np.int64)
        members = self.members(classifier.num_classes, targets is not None)
        names = np.array([_CLEAN, _NONE, *members])
        by = np.where(broken, _CLEAN, _NONE).astype(names.dtype)
        for i, (name, member) in enumerate(members.items()):
            rows = np.flatnonzero(~broken)
            if not len(rows):
                break
            result = member(
                classifier,
                images[rows],
                labels[rows],
                None if targets is None else targets[rows],
                batch_size,
                seed,
            )
            success = result.success
            if not hasattr(member, "epsilon"):  # that looks for the nearest
                success = success & self.within(result.perturbation)
            kept = success | (i == 0)
            found[rows[kept]] = result.images[kept]
            by[rows[success]] = name
            broken[rows] = success
            for total, of_one in (
                (used, result.gradient_evaluations),
                (asked, result.queries),
            ):
                if of_one is not None:
                    total[rows] += of_one
        return Generated(
            found,
            predictions,
            {"gradient_evaluations": used, "queries": asked, "member": by},
        )
