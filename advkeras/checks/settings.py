"""Checks of settings: names, numbers, bounds, seeds."""

import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

from advkeras import channels

Bounds = channels.Bounds


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    """Raises ValueError unless `value` is one of `choices`."""
    if value not in choices:
        listed = ", ".join(sorted(map(str, choices)))
        raise ValueError(
            f"`{name}` must be one of: {listed}. Received: {name}={value!r}"
        )


def check_positive(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a finite number above zero."""
    if not _is_number(value) or not 0 < float(value) < np.inf:
        raise ValueError(
            f"`{name}` must be a finite number above 0. "
            f"Received: {name}={value!r}"
        )


def check_not_negative(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a finite number of at least 0."""
    if not _is_number(value) or not 0 <= float(value) < np.inf:
        raise ValueError(
            f"`{name}` must be a finite number of at least 0. "
            f"Received: {name}={value!r}"
        )


def check_share(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a number, 0 to 1."""
    if not _is_number(value) or not 0 <= float(value) <= 1:
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


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


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
