"""What is proved of each image, beside what was found."""

import dataclasses
from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras.analysis.certificates.radii import radii
from advkeras.attacks import LBFGS
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier


@dataclasses.dataclass(frozen=True, eq=False)
class Brackets:
    """The distance of the nearest adversarial example, between two numbers.

    Attributes:
        method: Of the proofs.
        proved: L2 radius without an adversarial example, float64, (n,), in
            the images' units.
        found: L2 distance of one that was found, float64, (n,); infinity
            where none was.
    """

    method: str
    proved: np.ndarray
    found: np.ndarray

    def __len__(self) -> int:
        return len(self.proved)

    @property
    def success(self) -> np.ndarray:
        """Whether an adversarial example was found, bool, (n,)."""
        return np.isfinite(self.found)

    @property
    def broken(self) -> np.ndarray:
        """Where an example lies within what was proved: nowhere, bool, (n,)."""
        return self.found <= self.proved

    @property
    def slack(self) -> np.ndarray:
        """How many times `proved` is `found`, (n,); infinity without."""
        times = np.full(len(self), np.inf)
        np.divide(self.found, self.proved, out=times, where=self.proved > 0)
        return times

    def to_json(self) -> dict[str, Any]:
        """Returns a summary as JSON values; None for a median without end."""
        return {
            "method": self.method,
            "images": len(self),
            "proved": int((self.proved > 0).sum()),
            "found": int(self.success.sum()),
            "broken": int(self.broken.sum()),
            "median_proved": float(np.median(self.proved)),
            "median_found": _finite(np.median(self.found)),
            "median_slack": _finite(np.median(self.slack)),
        }


def brackets(
    classifier: Classifier | keras.Model,
    result: AttackResult,
    method: str = "crown",
    **settings: Any,
) -> Brackets:
    """Returns what is proved of the images attacked, beside what was found.

    An example is found where the model changes its mind, whether that was
    the attack's goal or not. L-BFGS aims at one class, which need not be the
    nearest: `nearest` tries several.

    Args:
        classifier: The model attacked.
        result: What an attack made of it.
        method: See `radii`.
        settings: Of `radii`.

    Raises:
        ValueError: As `radii`, or the result is of another model.
    """
    classifier = as_classifier(classifier)
    check_result("result", result)
    originals = checks.check_images(
        result.originals, classifier.bounds, classifier.image_shape
    )
    clean = classifier.predict(originals)
    if (clean != result.clean_predictions).any():
        i = np.flatnonzero(clean != result.clean_predictions)[0]
        raise ValueError(
            "`result` must be of this classifier. Received: "
            f"result.clean_predictions[{i}]={result.clean_predictions[i]}, "
            f"where it predicts {clean[i]}"
        )
    changed = result.predictions != result.clean_predictions
    found = np.where(changed, result.l2, np.inf)
    return Brackets(
        method, radii(classifier, originals, method, **settings), found
    )


def nearest(
    classifier: Classifier | keras.Model,
    images: Any,
    targets: int | str = "all",
    attack: Attack | None = None,
    batch_size: int | None = None,
    seed: int = 0,
) -> AttackResult:
    """Attacks each image once for every target, and keeps the nearest example.

    Args:
        classifier: The model to fool.
        images: (n, height, width, channels), within the bounds, or a data
            set, whose labels are not looked at.
        targets: "all" wrong classes, or so many runners-up: those of largest
            logits.
        attack: One that takes targets; None for L-BFGS.
        batch_size: Of the attack.
        seed: Of the attack.

    Returns:
        An `AttackResult` against the model's own predictions. Each row is of
        the target whose example changed the prediction at the least L2
        distance; where none did, of the likeliest.

    Raises:
        ValueError: An argument is not as described.
    """
    classifier = as_classifier(classifier)
    wrong = classifier.num_classes - 1
    if targets != "all":
        checks.check_count("targets", targets)
    tried = wrong if targets == "all" else min(int(targets), wrong)
    images, _ = classifier.examples(images)
    step = batch_size or 256
    logits = np.concatenate(
        [
            np.array(classifier.logits(images[i : i + step]))
            for i in range(0, len(images), step)
        ]
    )
    labels = classifier.predict(images)
    rows = np.arange(len(images))
    logits[rows, labels] = np.inf
    order = np.argsort(-logits, axis=1, kind="stable")[:, 1:]
    attack = LBFGS() if attack is None else attack
    results = [
        attack(classifier, images, labels, order[:, k], batch_size, seed)
        for k in range(tried)
    ]
    distance = [
        np.where(result.predictions != labels, result.l2, np.inf)
        for result in results
    ]
    best = np.argmin(distance, axis=0)
    chosen = {}
    for field in dataclasses.fields(AttackResult):
        values = [getattr(result, field.name) for result in results]
        if isinstance(values[0], np.ndarray):
            chosen[field.name] = np.stack(values)[best, rows]
    return dataclasses.replace(results[0], **chosen)


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
