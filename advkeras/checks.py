"""Checks of arguments: each names the argument and says what it received."""

import contextlib
import math
import numbers
import re
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import channels

Bounds = channels.Bounds

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


def check_amount(name: str, value: Any) -> channels.Amount:
    """Returns a number, or a tuple of one a channel, each above 0.

    A number comes back as it is.

    Raises:
        ValueError: It is neither, or one is not above 0, or not finite.
    """
    if not isinstance(value, (list, tuple, np.ndarray)):
        check_positive(name, value)
        return value
    amount = _one_a_channel(value)
    if amount is None or not min(amount) > 0:
        raise ValueError(
            f"`{name}` must be a finite number above 0, or one for each "
            f"channel. Received: {name}={value!r}"
        )
    return amount


def check_channels(
    name: str, amount: channels.Amount, image_shape: tuple[int | None, ...]
) -> None:
    """Raises ValueError where an amount is of other channels than images."""
    count, wanted = channels.count_of(amount), channels.of_shape(image_shape)
    if count is not None and wanted not in (None, count):
        raise ValueError(
            f"`{name}` must be one number, or {wanted}, one for each channel "
            f"of images {image_shape}. Received: {name}={amount}"
        )


def check_bounds(
    bounds: Any, image_shape: tuple[int | None, ...] | None = None
) -> Bounds:
    """Returns (lower, upper), lower < upper, all finite.

    Args:
        bounds: (lower, upper): each one number, or one for each channel, as a
            list, tuple or array.
        image_shape: Shape of an image, whose channels they have to be of;
            None for any.

    Returns:
        Two floats, where all channels have the same; or else two tuples of
        one float a channel.

    Raises:
        ValueError: They are no such bounds.
    """
    try:
        lower, upper = (
            (float(end),) if np.ndim(end) == 0 else _one_a_channel(end)
            for end in bounds
        )
    except (TypeError, ValueError):
        lower = upper = None
    most = max(len(lower or ()), len(upper or ()))
    if lower and upper and most > 1:  # one number beside one a channel
        lower, upper = (
            end * most if len(end) == 1 else end for end in (lower, upper)
        )
    if (
        not lower
        or not upper
        or len(lower) != len(upper)
        or not np.isfinite([lower, upper]).all()
        or not np.less(lower, upper).all()
    ):
        raise ValueError(
            "`bounds` must be two finite numbers (lower, upper), "
            "lower < upper, or each one number for each channel. "
            f"Received: bounds={bounds!r}"
        )
    if len(set(lower)) == len(set(upper)) == 1:
        return lower[0], upper[0]
    if image_shape is not None:
        wanted = channels.of_shape(image_shape)
        if wanted not in (None, len(lower)):
            raise ValueError(
                f"`bounds` must be of {wanted} "
                f"{'channel' if wanted == 1 else 'channels'}, as images "
                f"{image_shape} have, or the same for all. "
                f"Received: bounds={(lower, upper)}"
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


def _one_a_channel(value: Any) -> tuple[float, ...] | None:
    """Returns finite numbers as a tuple of floats; None: they are none."""
    try:
        values = np.asarray(value)
        numeric = values.dtype.kind in "iuf" and values.ndim == 1
        values = values.astype(np.float64)
    except (TypeError, ValueError):  # rows of different lengths, or words
        return None
    if not numeric or not values.size or not np.isfinite(values).all():
        return None
    return tuple(values.tolist())


def _check_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"`{name}` must be a whole number of at least {least}. "
            f"Received: {name}={value!r}"
        )
