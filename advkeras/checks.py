"""Checks of arguments: each names the argument and says what it received."""

import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

Bounds = tuple[float, float]

NO_ANSWER = -1  # a label, of scores that name no class: a NaN, or infinity


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    """Raises ValueError unless `value` is one of `choices`."""
    if value not in choices:
        listed = ", ".join(sorted(map(str, choices)))
        raise ValueError(
            f"`{name}` must be one of: {listed}. Received: {name}={value!r}"
        )


def check_positive(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a finite number above zero."""
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)
        or not 0 < float(value) < np.inf
    ):
        raise ValueError(
            f"`{name}` must be a finite number above 0. "
            f"Received: {name}={value!r}"
        )


def check_not_negative(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a finite number of at least 0."""
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)
        or not 0 <= float(value) < np.inf
    ):
        raise ValueError(
            f"`{name}` must be a finite number of at least 0. "
            f"Received: {name}={value!r}"
        )


def check_share(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a number, 0 to 1."""
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)
        or not 0 <= float(value) <= 1
    ):
        raise ValueError(
            f"`{name}` must be a number, 0 to 1. Received: {name}={value!r}"
        )


def check_count(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a whole number of at least 1."""
    _check_whole(name, value, 1)


def check_bounds(bounds: Any) -> Bounds:
    """Returns (lower, upper) as floats, lower < upper, both finite."""
    try:
        lower, upper = (float(value) for value in bounds)
    except (TypeError, ValueError):
        lower = upper = np.nan
    if not (np.isfinite([lower, upper]).all() and lower < upper):
        raise ValueError(
            "`bounds` must be two finite numbers (lower, upper), "
            f"lower < upper. Received: bounds={bounds!r}"
        )
    return lower, upper


def check_seed(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a whole number of at least 0."""
    _check_whole(name, value, 0)


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
    images = _as_array("images", images)
    check_shape(images.shape, shape)
    if images.dtype == bool or not np.issubdtype(images.dtype, np.number):
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
    if bounds is not None and (
        low < np.float32(bounds[0]) or high > np.float32(bounds[1])
    ):
        raise ValueError(
            f"`images` must be within bounds=({bounds[0]:g}, {bounds[1]:g}). "
            f"Received: values from {low:g} to {high:g}. Rescale the images, "
            "or say the bounds that this model was trained with"
        )
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


def channels_hint(found: tuple[int, ...], shape: tuple[int | None, ...]) -> str:
    """Says what to do where grey images meet a colour model, or the reverse.

    Args:
        found: The shape that an image has.
        shape: The shape it is to have.
    """
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
    labels = _as_array(name, labels)
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


def _as_array(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"`{name}` must be an array. "
            f"Received: {name} of type {type(value).__name__} ({error})"
        ) from error


def _check_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"`{name}` must be a whole number of at least {least}. "
            f"Received: {name}={value!r}"
        )
