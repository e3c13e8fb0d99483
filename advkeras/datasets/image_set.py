"""ImageSet: one split of a data set, streamed or in memory."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras import reasons

_SIZES = [n for n in range(1, 1001) if 1000 % n == 0]


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """One split of a data set of images with one class each.

    Attributes:
        name: The data set's name.
        split: Which part of it, in TFDS's syntax.
        class_names: What each label stands for.
        bounds: (lower, upper) of the pixels, each one number, or one for each
            channel.
        image_shape: (height, width, channels).
        length: Number of images.
        stream: Opens the examples as a `tf.data.Dataset` of one uint8 image
            and one int64 label each, in a fixed order; before they are
            resized.
        choose: Opens some of them, in their order: those where an array of
            n booleans is true. None: they are picked from `stream`.
        resized_to: (height, width) that they are then resized to; None where
            they are of `image_shape` as they are stored.
        unreadable: Files of the data set that are no picture, or a broken
            one. They are not among the images.
    """

    name: str
    split: str
    class_names: tuple[str, ...]
    bounds: checks.Bounds
    image_shape: tuple[int, ...]
    length: int
    stream: Callable[[], tf.data.Dataset] = dataclasses.field(repr=False)
    choose: Callable[[np.ndarray], tf.data.Dataset] | None = dataclasses.field(
        default=None, repr=False
    )
    resized_to: tuple[int, int] | None = dataclasses.field(
        default=None, repr=False
    )
    unreadable: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    def __post_init__(self) -> None:
        bounds = checks.check_bounds(self.bounds, self.image_shape)
        object.__setattr__(self, "bounds", bounds)

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
        return self._batches(self.stream(), batch_size).prefetch(2)

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

        Nothing else is held, but for one batch.

        Args:
            n: How many; they keep the order of the set.
            seed: Seed of the choice.

        Returns:
            Images, float32, (n, height, width, channels), and labels, (n,).
        """
        chosen = self.chosen(n, seed)
        return self._gather(self.some(chosen), int(chosen.sum()))

    def chosen(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns which examples `sample` returns, bool, (length,)."""
        checks.check_count("n", n)
        checks.check_seed("seed", seed)
        random = np.random.default_rng(seed)
        chosen = np.zeros(self.length, bool)
        chosen[random.permutation(self.length)[:n]] = True
        return chosen

    def batches_of(
        self, chosen: np.ndarray, size: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields some examples in batches of arrays, one held at a time.

        Args:
            chosen: Which, bool, (length,).
            size: Images a batch; the last may be smaller.
        """
        return self._read(self._batches(self.some(chosen), size))

    def some(self, chosen: np.ndarray) -> tf.data.Dataset:
        """Opens some examples, as `stream` does all.

        Args:
            chosen: Which, bool, (n,).
        """
        if self.choose is None:
            return kept(self.stream(), chosen)
        return self.choose(chosen)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all pixels (as uint8) and labels, in order.

        Of images that are resized: of what is stored, and of the size.
        """
        digest = hashlib.sha256()
        pending = b""
        examples = self.stream()
        stored = examples.element_spec[0].shape
        size = _at_once(stored) if stored.is_fully_defined() else 1
        if self.resized_to is not None:
            digest.update(
                "resized to {} x {}".format(*self.resized_to).encode()
            )
        batches = self._read(examples.batch(size))
        for i, (images, labels) in enumerate(batches, 1):
            if self.resized_to is not None:
                digest.update(str(images.shape[1:]).encode())
            digest.update(images.tobytes())
            pending += labels.astype("<i8").tobytes()
            # Labels follow their thousand images, however they are read.
            if i * size % 1000 == 0:
                digest.update(pending)
                pending = b""
        digest.update(pending)
        return digest.hexdigest()

    @functools.cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return self._gather(self.stream(), self.length)

    def _gather(
        self, examples: tf.data.Dataset, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        images = np.empty((count, *self.image_shape), np.float32)
        labels = np.empty(count, np.int64)
        start = 0
        size = _at_once(self.image_shape)
        batches = self._read(self._batches(examples, size))
        for batch, batch_labels in batches:
            rows = slice(start, start + len(batch))
            images[rows], labels[rows] = batch, batch_labels
            start += len(batch)
        return images, labels

    def _read(
        self, batches: tf.data.Dataset
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields batches; of a file that fails half-way the error is ours."""
        try:
            for images, labels in batches:
                yield images.numpy(), labels.numpy()
        except tf.errors.OpError as error:
            raise ValueError(
                "`dataset` must be one whose images can be read to the end. "
                f"Received: dataset={self.name!r} ({reasons.of(error)})"
            ) from error

    def _batches(self, examples: tf.data.Dataset, size: int) -> tf.data.Dataset:
        if self.resized_to is not None:
            examples = examples.map(self._resized, num_parallel_calls=2)
        return examples.batch(size, num_parallel_calls=2).map(
            lambda images, labels: (self._scale(images), labels),
            num_parallel_calls=2,
        )

    def _resized(
        self, image: tf.Tensor, label: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return resize(image, self.image_shape), label

    def _scale(self, images: tf.Tensor) -> tf.Tensor:
        lower, upper = channels.lower_upper(self.bounds)
        scaled = lower + tf.cast(images, tf.float32) * ((upper - lower) / 255)
        # White would otherwise be a rounding error above some upper bounds.
        return tf.clip_by_value(scaled, lower, upper)


def _at_once(image_shape: Sequence[int]) -> int:
    """Images that are read at once, about 16 MB of floats; divides 1000."""
    most = 2**22 // int(np.prod(image_shape))
    return max(n for n in _SIZES if n <= max(most, 1))


def kept(examples: tf.data.Dataset, flags: np.ndarray) -> tf.data.Dataset:
    """Returns the examples whose flag is true, in their order."""
    flagged = tf.data.Dataset.zip(
        examples, tf.data.Dataset.from_tensor_slices(flags)
    )
    return flagged.filter(lambda *parts: parts[-1]).map(
        lambda example, _: example
    )


def check_set(name: str, data: Any) -> None:
    """Raises ValueError unless it is an `ImageSet`."""
    if not isinstance(data, ImageSet):
        raise ValueError(
            f"`{name}` must be an ImageSet, as ak.datasets.from_arrays makes. "
            f"Received: {name} of type {type(data).__name__}"
        )


def check_size(image_size: Any) -> tuple[int, int] | None:
    """Returns (height, width), or None.

    Raises:
        ValueError: It is neither.
    """
    if image_size is None:
        return None
    try:
        height, width = image_size
        for length in (height, width):
            checks.check_count("image_size", length)
    except (TypeError, ValueError):
        raise ValueError(
            "`image_size` must be (height, width), whole numbers of at least "
            f"1. Received: image_size={image_size!r}"
        ) from None
    return int(height), int(width)


def sizes_differ(
    name: str, image_size: tuple[int, int] | None = None
) -> ValueError:
    """Returns the error that asks for the size of a set's images."""
    return ValueError(
        f"`image_size` must be given for {name}: its images differ in size. "
        "An app has --resize=HEIGHT,WIDTH for it. "
        f"Received: image_size={image_size}"
    )


def resize(image: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Returns a uint8 image resized with anti-aliasing, rounded and clipped.

    Args:
        image: (height, width, channels), of any size.
        shape: What it is to be of.
    """
    image = tf.image.resize(image, shape[:2], antialias=True)
    image = tf.saturate_cast(tf.round(image), tf.uint8)
    return tf.ensure_shape(image, shape)
