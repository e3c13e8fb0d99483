"""ImageSet: one split of a data set, streamed or in memory."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from advkeras import checks


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """One split of a data set of images with one class each.

    Attributes:
        name: The data set's name.
        split: Which part of it, in TFDS's syntax.
        class_names: What each label stands for.
        bounds: (lower, upper) of the pixels.
        image_shape: (height, width, channels).
        length: Number of images.
        stream: Opens the examples as a `tf.data.Dataset` of one uint8 image
            and one int64 label each, in a fixed order.
    """

    name: str
    split: str
    class_names: tuple[str, ...]
    bounds: tuple[float, float]
    image_shape: tuple[int, ...]
    length: int
    stream: Callable[[], tf.data.Dataset] = dataclasses.field(repr=False)

    def __len__(self) -> int:
        return self.length

    def batches(self, batch_size: int) -> tf.data.Dataset:
        """Streams (images, labels) in batches; memory stays constant.

        Args:
            batch_size: Images a batch; the last may be smaller.

        Returns:
            A `tf.data.Dataset` of float32 images within the bounds, (b,
            height, width, channels), and int64 labels, (b,).
        """
        checks.check_count("batch_size", batch_size)
        batches = self.stream().batch(batch_size, num_parallel_calls=2)
        return batches.map(
            lambda images, labels: (self._scale(images), labels),
            num_parallel_calls=2,
        ).prefetch(2)

    @property
    def images(self) -> np.ndarray:
        """All images, float32, (n, height, width, channels); kept."""
        return self._arrays[0]

    @property
    def labels(self) -> np.ndarray:
        """All labels, int64, (n,); kept."""
        return self._arrays[1]

    def sample(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Returns `n` random examples, or all if there are fewer.

        Args:
            n: How many; they keep the order of the set.
            seed: Seed of the choice.

        Returns:
            Images, float32, (n, height, width, channels), and labels, (n,).
        """
        checks.check_count("n", n)
        random = np.random.default_rng(seed)
        chosen = np.zeros(self.length, bool)
        chosen[random.permutation(self.length)[:n]] = True
        kept = []
        for i, (images, labels) in enumerate(self.batches(1000)):
            rows = chosen[1000 * i : 1000 * (i + 1)]
            kept.append((images.numpy()[rows], labels.numpy()[rows]))
        images, labels = (
            np.concatenate(part) for part in zip(*kept, strict=True)
        )
        return images, labels

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all pixels (as uint8) and labels, in order."""
        digest = hashlib.sha256()
        for images, labels in self.stream().batch(1000):
            digest.update(images.numpy().tobytes())
            digest.update(labels.numpy().astype("<i8").tobytes())
        return digest.hexdigest()

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        images = np.empty((self.length, *self.image_shape), np.float32)
        labels = np.empty(self.length, np.int64)
        start = 0
        for batch, batch_labels in self.batches(1000):
            rows = slice(start, start + len(batch))
            images[rows], labels[rows] = batch.numpy(), batch_labels.numpy()
            start += len(batch)
        return images, labels

    def _scale(self, images: tf.Tensor) -> tf.Tensor:
        lower, upper = self.bounds
        scaled = lower + tf.cast(images, tf.float32) * ((upper - lower) / 255)
        # White would otherwise be a rounding error above some upper bounds.
        return tf.clip_by_value(scaled, lower, upper)


def resize(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Returns a uint8 image resized with anti-aliasing, rounded and clipped."""
    image = tf.image.resize(image, size, antialias=True)
    return tf.saturate_cast(tf.round(image), tf.uint8)
