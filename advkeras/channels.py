"""Channels: amounts of pixels that are one number, or one number a channel.

A model that expects images less their mean, over their deviation, has other
pixels in each channel. What is alike in all channels stays one plain number,
so that all is computed of it as if there were no channels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

# Of all channels, or one a channel.
Amount = float | tuple[float, ...]
# (lower, upper); either both are one number, or both have as many.
Bounds = tuple[Amount, Amount]


def array(amount: Amount) -> Any:
    """Returns what broadcasts on images, (n, height, width, channels).

    One number stays the number, which no image's dtype gives way to; of one a
    channel, float64, (channels,).
    """
    return np.array(amount) if isinstance(amount, tuple) else amount


def lower_upper(bounds: Bounds) -> tuple[Any, Any]:
    """Returns both bounds of pixels, each as `array` does."""
    lower, upper = bounds
    return array(lower), array(upper)


def apply(function: Callable[..., float], *amounts: Amount) -> Amount:
    """Returns a function of amounts, by channels where one of them is so."""
    counts = {len(one) for one in amounts if isinstance(one, tuple)}
    if not counts:
        return function(*amounts)
    (count,) = counts
    columns = (
        one if isinstance(one, tuple) else (one,) * count for one in amounts
    )
    return tuple(float(function(*of)) for of in zip(*columns, strict=True))


def range_of(bounds: Bounds) -> Amount:
    """Returns upper - lower."""
    lower, upper = bounds
    return apply(lambda low, high: high - low, lower, upper)


def share_of(bounds: Bounds, share: float) -> Amount:
    """Returns a share of the pixel range, in the units of the images."""
    return apply(lambda whole: share * whole, range_of(bounds))


def count_of(amount: Amount) -> int | None:
    """Returns how many channels an amount is of; None: of any."""
    return len(amount) if isinstance(amount, tuple) else None


def of_shape(image_shape: tuple[int | None, ...]) -> int | None:
    """Returns how many channels an image has; None: any number of them.

    Images of fewer than three axes have none, and are taken as of one.
    """
    return image_shape[2] if len(image_shape) == 3 else 1


def in_words(amount: Amount, digits: str = "g") -> str:
    """Writes an amount, one a channel in parentheses."""
    if isinstance(amount, tuple):
        return f"({', '.join(f'{one:{digits}}' for one in amount)})"
    return f"{amount:{digits}}"


def bounds_in_words(bounds: Bounds) -> str:
    """Writes bounds, as in "0 .. 1"."""
    lower, upper = bounds
    return f"{in_words(lower)} .. {in_words(upper)}"
