"""The evasive attack: fool the copy, and not the original it was made from.

After DIVA: Hao, Awatramani, Hu, Mao, Chen, Cidon, Cidon and Ray, "A tale of two
models: constructing evasive attacks on edge models", MLSys 2022.
"""

import dataclasses
from typing import Any

import tensorflow as tf

from advkeras.attacks import objectives
from advkeras.attacks.ascent import Ascent
from advkeras.attacks.ascent import Objective
from advkeras.attacks.result import AttackResult
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier


@dataclasses.dataclass(frozen=True)
class Evasive(Ascent):
    """Makes a model wrong where a reference model stays right.

    The model attacked is the copy on the device; the reference is the float
    model with which its maker would check what the device was shown. Climbs
    the smaller of two margins: how far another class is above the label in the
    copy, and the label above all others in the reference. Both are above 0
    where the attack succeeds, and nowhere else. (DIVA climbs the difference of
    the two p(label), whose gradient is lost where the models are confident.)

    `success` is that the copy misses the label and the reference does not.

    Args:
        epsilon: As of `PGD`.
        norm: As of `PGD`.
        steps: As of `PGD`.
        step_size: As of `PGD`; None for at least one level of the pixels,
            where the copy has levels.
        random_start: As of `PGD`.
        reference: The model that is to stay right: a Classifier of the same
            image shape, classes and bounds. A plain Keras model has bounds
            (0, 1).

    Raises:
        ValueError: A hyper-parameter is not as described, there is no
            reference, or it does not fit the model attacked.

    Example:
        >>> copy = ak.Classifier.load("int8.tflite")
        >>> attack = ak.attacks.Evasive(epsilon=0.03, reference=float_model)
        >>> attack(copy, images, labels).success.mean()
    """

    steps: int = 100
    reference: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reference is None:
            raise ValueError(
                "`reference` must be the model that is to stay right. "
                "Received: reference=None"
            )
        object.__setattr__(self, "reference", as_classifier(self.reference))

    def key(self) -> Any:
        """As of `Ascent`; each reference has a loop of its own."""
        return (*super().key(), self.reference)

    def step(self, classifier: Classifier) -> float:
        """As of `Ascent`, but no less than a level.

        Where the two models differ is hardly wider than a rounding: smaller
        steps would see the same roundings again.
        """
        size = super().step(classifier)
        if self.step_size is None and classifier.levels is not None:
            return max(size, classifier.levels.step)
        return size

    def objective(self, classifier: Classifier, targeted: bool) -> Objective:
        """Climbs the smaller of the two margins."""
        if targeted:
            raise ValueError(
                "`targets` must be None: the evasive attack leaves the label "
                "for any other. Received: targets"
            )
        reference = self.reference
        _check_alike(classifier, reference)

        def joint(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            wrong = objectives.margin_against(classifier.logits(images), labels)
            right = -objectives.margin_against(reference.logits(images), labels)
            return tf.minimum(wrong, right)

        return joint

    def judged(self, result: AttackResult) -> AttackResult:
        """Asks the reference too."""
        right = self.reference.predict(result.images) == result.labels
        return dataclasses.replace(result, success=result.success & right)


def _check_alike(classifier: Classifier, reference: Classifier) -> None:
    for name in ("image_shape", "num_classes", "bounds"):
        ours, theirs = getattr(classifier, name), getattr(reference, name)
        if ours != theirs:
            raise ValueError(
                f"`reference` must have the {name} of the model attacked, "
                f"{ours}. Received: reference with {name}={theirs}"
            )
