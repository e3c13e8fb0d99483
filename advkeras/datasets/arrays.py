"""Arrays of images, in memory or in a memory map."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import check_size

# What is read of an array at once.
_BYTES = 2**24
_MOST_CLASSES = 2**20

# Reads rows, in this order, a few at a time.
Reader = Callable[[np.ndarray], Iterator[np.ndarray]]


def from_arrays(
    images: Any,
    labels: Any,
    class_names: Sequence[str] | None = None,
    bounds: checks.Bounds = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> ImageSet:
    """Makes a data set of images in an array.

    Args:
        images: uint8 pixels 0 .. 255, (n, height, width) or (n, height,
            width, 1 or 3). It is not copied, and may be a memory map.
        labels: Integers, (n,) or (n, 1), or one-hot rows.
        class_names: What each label stands for; None for "0", "1", ...
        bounds: What black and white become.
        image_size: (height, width) to resize to.

    Returns:
        All images in their order, as the split "all".

    Raises:
        ValueError: Images are not uint8, as floats are not: say what 1.0
            stands for with `(images * 255).round().astype("uint8")`. Or
            shapes differ, or a label has no class.

    Example:
        >>> digits = ak.datasets.from_arrays(x_test, y_test)
    """
    bounds = checks.check_bounds(bounds)
    image_size = check_size(image_size)
    if not hasattr(images, "dtype"):
        images = checks.as_array("images", images)
    check_pixels("images", images.dtype, images.shape)
    labels, names = named_labels("labels", labels, len(images), class_names)

    def read(rows: np.ndarray) -> Iterator[np.ndarray]:
        size = rows_at_once(images.shape)
        for start in range(0, len(rows), size):
            yield np.asarray(images[rows[start : start + size]])

    return image_set(
        "arrays",
        "all",
        names,
        bounds,
        images.shape,
        labels,
        np.arange(len(labels)),
        read,
        image_size,
    )


def image_set(
    name: str,
    split: str,
    class_names: tuple[str, ...],
    bounds: checks.Bounds,
    shape: tuple[int, ...],
    labels: np.ndarray,
    rows: np.ndarray,
    read: Reader,
    image_size: tuple[int, int] | None,
) -> ImageSet:
    """Returns the rows of an array as a set.

    Args:
        name: What to call the set.
        split: What the rows are called.
        class_names: What each label stands for.
        bounds: What black and white become.
        shape: Shape of the array.
        labels: Label of each row of the array.
        rows: Those of the set, in its order.
        read: Reads them.
        image_size: (height, width) to resize to.
    """
    height, width, channels = (*shape[1:], 1)[:3]
    size = image_size or (height, width)

    def stream(chosen: np.ndarray | None = None) -> tf.data.Dataset:
        wanted = rows if chosen is None else rows[chosen]
        pixels = tf.data.Dataset.from_generator(
            lambda: (
                part.reshape(-1, height, width, channels)
                for part in read(wanted)
            ),
            output_signature=tf.TensorSpec(
                (None, height, width, channels), tf.uint8
            ),
        ).unbatch()
        return tf.data.Dataset.zip(
            pixels, tf.data.Dataset.from_tensor_slices(labels[wanted])
        )

    return ImageSet(
        name=name,
        split=split,
        class_names=class_names,
        bounds=bounds,
        image_shape=(*size, channels),
        length=len(rows),
        stream=stream,
        choose=stream,
        resized_to=None if size == (height, width) else size,
    )


def check_pixels(name: str, dtype: Any, shape: tuple[int, ...]) -> None:
    """Raises ValueError unless an array may be of pixels."""
    if dtype != np.uint8:
        raise ValueError(
            f"`{name}` must be uint8, 0 .. 255; floats of 0 .. 1 become so "
            "by (images * 255).round().astype('uint8'). "
            f"Received: dtype={dtype}"
        )
    fits = len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))
    if not fits or not all(shape):
        raise ValueError(
            f"`{name}` must be of shape (n, height, width) or (n, height, "
            f"width, 1 or 3), n >= 1. Received: shape={tuple(shape)}"
        )


def named_labels(
    name: str, labels: Any, n: int, class_names: Sequence[str] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns the labels as `check_labels` does, and the class names."""
    labels = checks.as_array(name, labels)
    if class_names is None:
        most = 0
        if labels.ndim == 2 and labels.shape[1] > 1:  # one-hot
            most = labels.shape[1] - 1
        elif np.issubdtype(labels.dtype, np.integer):
            most = int(labels.max(initial=0))
            if most >= _MOST_CLASSES:  # each takes a name
                raise ValueError(
                    f"`{name}` must be below {_MOST_CLASSES}. "
                    f"Received: {name} up to {most}"
                )
        class_names = [str(i) for i in range(most + 1)]
    names = tuple(map(str, class_names))
    return check_labels(name, labels, n, names), names


def check_labels(
    name: str, labels: np.ndarray, n: int, class_names: Sequence[str]
) -> np.ndarray:
    """Returns the labels, int64, (n,).

    Raises:
        ValueError: They are no labels of `n` images, or one has no class.
    """
    if labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer):
        for wrong in labels[(labels < 0) | (labels >= len(class_names))][:1]:
            raise ValueError(
                f"`{name}` must be 0 .. {len(class_names) - 1}, as there are "
                f"{len(class_names)} classes. Received: {name} with {wrong}"
            )
    return checks.check_labels(labels, n, len(class_names), name)


def rows_at_once(shape: tuple[int, ...]) -> int:
    """Returns how many rows of an array are read at once."""
    return max(1, _BYTES // int(np.prod(shape[1:])))
