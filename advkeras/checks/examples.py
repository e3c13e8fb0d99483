"""Checks of images and labels."""

import contextlib
import math
import re
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import channels
from advkeras.checks.settings import Bounds

NO_ANSWER = -1  # a label, of scores that name no class: a NaN, or infinity


def check_images(
    images: Any, bounds: Bounds | None, shape: tuple[int | None, ...]
) -> np.ndarray:
    """Returns `images` as a float32 array that is safe to attack.

    Args:
        images: Array or tensor, `(n, *shape)`.
        bounds: (lower, upper) of every pixel, in the units of the images;
            None for no bounds.
        shape: Shape of one image; None where any size will do.

    Raises:
        ValueError: The shape differs, there is no image, or a value is NaN,
            infinite or outside the bounds.
    """
    images = as_array("images", images)
    check_shape(images.shape, shape)
    if not np.issubdtype(images.dtype, np.integer) and not np.issubdtype(
        images.dtype, np.floating
    ):
        raise ValueError(
            f"`images` must be numbers. Received: images.dtype={images.dtype}"
        )
    images = images.astype(np.float32, copy=False)
    # A NaN makes both the minimum and the maximum NaN.
    low, high = images.min(), images.max()
    if not np.isfinite([low, high]).all():
        rows = np.flatnonzero(
            ~np.isfinite(images).all(axis=tuple(range(1, images.ndim)))
        )
        raise ValueError(
            "`images` must be finite. Received: NaN or infinity in "
            f"{len(rows)} of {len(images)} images, first in images[{rows[0]}]"
        )
    if bounds is not None:
        _check_within(images, bounds, low, high)
    return images


def check_shape(found: tuple[int, ...], shape: tuple[int | None, ...]) -> None:
    """Raises ValueError unless there are images, and of the right shape.

    Args:
        found: The shape that they have, (n, ...).
        shape: The shape that each is to have; None where any size will do.
    """
    if found and found[0] > 0 and is_shape(found[1:], shape):
        return
    sizes = ("any" if size is None else str(size) for size in shape)
    raise ValueError(
        f"`images` must be of shape (n, {', '.join(sizes)}), n >= 1. "
        f"Received: images.shape={found}{channels_hint(found[1:], shape)}"
    )


def is_shape(found: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Returns whether a shape is another, in which None is any size."""
    return len(found) == len(shape) and all(
        wanted in (None, got) for wanted, got in zip(shape, found, strict=True)
    )


def same_values(found: Sequence[Any], shape: Sequence[Any]) -> bool:
    """Returns whether images of two shapes hold the same, in one order.

    So they do where a shape is the other but for sides of 1, or a flat one.
    (3, 32, 32) and (32, 32, 3) are as many values in another order.
    """
    if None in (*found, *shape):
        return False
    one, other = ([side for side in x if side != 1] for x in (found, shape))
    flat = min(len(one), len(other)) <= 1
    return one == other or (flat and math.prod(one) == math.prod(other))


def channels_hint(found: tuple[int, ...], shape: tuple[int | None, ...]) -> str:
    """Says what to do about images of other channels, or of another shape.

    Args:
        found: The shape that an image has.
        shape: The shape it is to have.
    """
    if found != shape and same_values(found, shape):
        return (
            ": the same values in another shape, which "
            f"classifier.taking({found}) takes"
        )
    ends = (found[-1:], shape[-1:])
    if len(found) != len(shape):
        return ""
    if ends == ((1,), (3,)):
        return (
            ": grey images, one channel, for a model of colour, three. "
            "tf.image.grayscale_to_rgb(images) makes three of one"
        )
    if ends == ((3,), (1,)):
        return (
            ": colour images, three channels, for a model of grey, one. "
            "tf.image.rgb_to_grayscale(images) makes one of three"
        )
    return ""


def check_given(name: str, labels: Any) -> None:
    """Raises ValueError where there are no labels at all."""
    if labels is None:
        raise ValueError(
            f"`{name}` must be given, or come with the images, as those of an "
            f"ImageSet do. Received: {name}=None"
        )


def check_labels(
    labels: Any, n: int, num_classes: int, name: str = "labels"
) -> np.ndarray:
    """Returns integer or one-hot `labels` as an int64 array of shape (n,).

    Args:
        labels: Integers of any dtype, shape (n,) or (n, 1), or one-hot rows,
            shape (n, num_classes).
        n: Number of images.
        num_classes: Labels are 0 .. num_classes - 1.
        name: What to call the argument in an error.

    Raises:
        ValueError: Wrong shape, not integers, or out of range.
    """
    check_given(name, labels)
    labels = as_array(name, labels)
    if labels.shape == (n, num_classes) and num_classes > 1:
        ones = labels == 1
        if not ((ones.sum(axis=1) == 1) & ((labels != 0) == ones).all(1)).all():
            raise ValueError(
                f"`{name}` of shape (n, classes) must be one-hot rows. "
                f"Received: {name}[0]={labels[0].tolist()}"
            )
        return ones.argmax(axis=1)
    if labels.shape == (n, 1):  # as keras.datasets has those of CIFAR-10
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise ValueError(
            f"`{name}` must be of shape ({n},), ({n}, 1) or "
            f"({n}, {num_classes}). "
            f"Received: {name}.shape={labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"`{name}` must be integers. Received: {name}.dtype={labels.dtype}"
        )
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ValueError(
            f"`{name}` must be 0 .. {num_classes - 1}: the model has "
            f"{num_classes} classes. Received: {name} with {wrong[0]}"
        )
    return labels.astype(np.int64)


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Says of what is wrong with `images` that it is so with `name`."""
    try:
        yield
    except ValueError as error:
        said = re.sub(r"\bimages(?=[`.\[])", name, str(error))
        raise ValueError(said) from error


def check_rows(name: str, values: Any, n: int) -> np.ndarray:
    """Returns `values` as an array of one row for each of `n` images.

    Raises:
        ValueError: It is none.
    """
    values = as_array(name, values)
    if values.shape[:1] != (n,):
        raise ValueError(
            f"`{name}` must have one row for each of {n} images. "
            f"Received: {name}.shape={values.shape}"
        )
    return values


def as_array(name: str, value: Any) -> np.ndarray:
    """Returns `value` as an array.

    Raises:
        ValueError: Its rows differ in length.
    """
    try:
        return np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"`{name}` must be an array. "
            f"Received: {name} of type {type(value).__name__} ({error})"
        ) from error


def _check_within(
    images: np.ndarray, bounds: Bounds, low: Any, high: Any
) -> None:
    """Raises ValueError unless each pixel is within the bounds.

    Args:
        images: float32, (n, height, width, channels).
        bounds: (lower, upper).
        low: The smallest pixel.
        high: The largest.
    """
    lower, upper = bounds
    if count := channels.count_of(lower):
        if images.shape[-1] != count:
            raise ValueError(
                f"`images` must have {count} channels, as the bounds do. "
                f"Received: images.shape={images.shape}"
            )
        axes = tuple(range(images.ndim - 1))
        low, high = images.min(axis=axes), images.max(axis=axes)
    least, most = (np.asarray(end, np.float32) for end in bounds)
    if (low < least).any() or (high > most).any():
        low, high = (
            tuple(end.tolist()) if count else end for end in (low, high)
        )
        raise ValueError(
            f"`images` must be within bounds=({channels.in_words(lower)}, "
            f"{channels.in_words(upper)}). Received: values from "
            f"{channels.in_words(low)} to {channels.in_words(high)}. Rescale "
            "the images, or say the bounds that this model was trained with"
        )
