"""Noise of an attack's size: a control of Goodfellow et al. 2014, section 6."""

import dataclasses
from typing import Any
from typing import ClassVar

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import seeds
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import keep_amount
from advkeras.classifier import Classifier

KINDS = ("uniform", "sign")


@dataclasses.dataclass(frozen=True)
class Noise(Attack):
    """Noise within epsilon of every pixel, which knows nothing of the model.

    What an attack of the same epsilon does beyond this is due to its
    direction. As an attack it is one draw an image; targets, where they are
    given, only decide what counts as success.

    Args:
        epsilon: Largest change of a pixel, above 0, in the units of the
            images; or one for each channel.
        kind: "uniform", each pixel changed by a draw between -epsilon and
            epsilon; or "sign", by -epsilon or epsilon, as FGSM does.
        clip: Whether to clip to the classifier's bounds.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.Noise(epsilon=0.25)(classifier, images, labels)
    """

    needs_gradient: ClassVar[bool] = False

    epsilon: channels.Amount
    kind: str = "uniform"
    clip: bool = True

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("kind", self.kind, KINDS)

    def sizes(self, classifier: Classifier) -> tuple[Any, ...]:
        """Returns epsilon; see `Attack.sizes`."""
        del classifier
        return (channels.array(self.epsilon),)

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """Draws one for each place in a batch; see `Attack.on_tensors`."""
        del labels
        (epsilon,) = sizes or self.sizes(classifier)
        noise = uniform_on_tensors(images, epsilon, seed)
        if self.kind == "sign":
            epsilon = tf.cast(epsilon, noise.dtype)
            noise = tf.where(noise < 0, -epsilon, epsilon)
        return self._within(classifier, images, images + noise)

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Draws one for each image; see `Attack.generate`."""
        del labels, targets
        epsilon = channels.array(self.epsilon)
        noise = uniform(images, epsilon, seed)
        if self.kind == "sign":
            noise = np.where(noise < 0, -epsilon, epsilon)
        found = self._within(
            classifier, images, (images + noise).astype(np.float32)
        )
        return Generated(
            np.asarray(found), classifier.predict(images, batch_size)
        )

    def _within(self, classifier: Classifier, images: Any, found: Any) -> Any:
        if self.clip:
            lower, upper = channels.lower_upper(classifier.bounds)
            found = tf.clip_by_value(found, lower, upper)
        if classifier.levels is not None:  # the nearest may be beyond epsilon
            found = classifier.levels.toward(found, images)
        return found


def uniform(
    images: np.ndarray, epsilon: Any, seed: int, restart: int = 0
) -> np.ndarray:
    """Returns draws in (-epsilon, epsilon), each by its image and the seed.

    Args:
        images: (n, height, width, channels).
        epsilon: One number, or (channels,).
        seed: Seed of the draws.
        restart: Which draw of this seed.
    """
    noise = np.empty_like(images)
    for i, image in enumerate(images):
        random = seeds.generator(image, seed, restart)
        noise[i] = random.uniform(-epsilon, epsilon, image.shape)
    return noise


def uniform_on_tensors(
    images: tf.Tensor, epsilon: Any, seed: tf.Tensor
) -> tf.Tensor:
    """Returns draws in (-epsilon, epsilon), one for each place in a batch."""
    return tf.random.stateless_uniform(
        tf.shape(images), seed, -epsilon, epsilon, images.dtype
    )
