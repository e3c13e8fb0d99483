"""The evasive attack: fool the copy, and not the original it was made from.

After DIVA: Hao, Awatramani, Hu, Mao, Chen, Cidon, Cidon and Ray, "A tale of two
models: constructing evasive attacks on edge models", MLSys 2022.
"""

import dataclasses
from typing import Any
from typing import ClassVar

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks.ascent import Ascent
from advkeras.attacks.climb import Objective
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
        step_size: Size of the first step, as of `PGD`, for "linf" as a root
            mean square; None for epsilon / 2. It is halved whenever five
            steps in a row found nothing better.
        random_start: As of `PGD`.
        reference: The model that is to stay right: a Classifier of the same
            image shape, classes and bounds. A plain Keras model has bounds
            (0, 1).
        stop_early: As of `PGD`.
        restarts: As of `PGD`.
        momentum: As of `PGD`.

    Raises:
        ValueError: A hyper-parameter is not as described, there is no
            reference, or it does not fit the model attacked.

    Example:
        >>> copy = ak.load("int8.tflite")
        >>> attack = ak.attacks.Evasive(epsilon=0.03, reference=float_model)
        >>> attack(copy, images, labels).success.mean()
    """

    patience: ClassVar[int | None] = 5

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

    def check_model(self, classifier: Classifier, targeted: bool) -> None:
        """As of `Attack`: there is no target, and the reference has to fit."""
        self.objective(classifier, targeted)

    def key(self) -> Any:
        """As of `Ascent`; each reference has a loop of its own."""
        return (*super().key(), self.reference)

    def first_step(self) -> channels.Amount:
        """As of `Ascent`; long, for it is halved when it leads nowhere."""
        return self.step_size or channels.apply(
            lambda epsilon: epsilon / 2, self.epsilon
        )

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        """As of `Ascent`, along the gradient itself.

        Where the two models differ is a thin band. A step of signs, which
        moves every pixel alike, goes through it; along the gradient pixels
        that matter little move little.
        """
        size = 1.0
        if self.norm == "linf":  # 1 is then the root mean square of a step
            pixels = tf.reduce_prod(tf.shape(gradient)[1:])
            size = tf.sqrt(tf.cast(pixels, gradient.dtype))
        return norms.steepest_step(gradient, "l2", size, None)

    def described(self) -> str:
        """As of `Attack`, with the fingerprint of the reference."""
        own = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if field.name != "reference"
        )
        return f"Evasive({own}) beside {self.reference.fingerprint()}"

    def objective(self, classifier: Classifier, targeted: bool) -> Objective:
        """Climbs the smaller of the two margins."""
        if targeted:
            raise ValueError(
                "`targets` must be None: the evasive attack leaves the label "
                "for any other. Received: targets"
            )
        reference = self.reference
        _check_alike(classifier, reference)

        def joint(
            images: tf.Tensor, labels: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            if classifier.levels is not None:  # both are shown what is found
                images = classifier.levels.straight_through(images)
            wrong = objectives.margin_against(classifier.logits(images), labels)
            right = -objectives.margin_against(reference.logits(images), labels)
            height = tf.minimum(wrong, right)
            return height, height > 0

        return joint

    def reached(
        self,
        classifier: Classifier,
        images: np.ndarray,
        predictions: np.ndarray,
        goals: np.ndarray,
        targeted: bool,
    ) -> np.ndarray:
        """As of `Ascent`, and by the word of the reference."""
        wrong = super().reached(
            classifier, images, predictions, goals, targeted
        )
        return wrong & (self.reference.predict(images) == goals)

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
