"""Tables of 513 values of a function, and the lines between them."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_LINES = 512  # of 128 integers each
_ENDS = np.iinfo(np.int16)


def table(
    function: Callable[[np.ndarray], np.ndarray],
    given: tuple[np.float32 | float, int],
    written: tuple[np.float32 | float, int],
) -> np.ndarray:
    """Returns the values of a function at every 128th integer of 16 bits.

    Each is moved by half of what the line behind it is off in its middle.

    Args:
        function: Of numbers.
        given: Scale and zero point of what it is given.
        written: Scale and zero point of what is written.
    """
    lower, upper = _held(*given)
    least, most = _held(*written)
    step = (upper - lower) / np.float32(_LINES)
    per_unit = np.float32(1 << 16) / (most - least)
    at = np.arange(_LINES, dtype=np.float32)

    def values(places: np.ndarray) -> np.ndarray:
        return function(places) * per_unit

    ends = _rounded(values(lower + at * step))
    after = values(lower + (at + np.float32(1)) * step)
    middle = _rounded(values(lower + at * step + step / np.float32(2)))
    off = _rounded((after + ends) / np.float32(2)) - middle
    last = _rounded(values(np.array([upper])))
    moved = np.append(ends - _rounded(off / np.float32(2)), last)
    return np.clip(moved, _ENDS.min, _ENDS.max).astype(np.int64)


def looked_up(values: np.ndarray, integers: tf.Tensor) -> tf.Tensor:
    """Returns what a table says of integers of 16 bits, int64."""
    places = integers - _ENDS.min
    line, rest = tf.math.floordiv(places, 128), tf.math.floormod(places, 128)
    known = tf.constant(values, tf.int64)
    first, second = tf.gather(known, line), tf.gather(known, line + 1)
    return first + tf.math.floordiv((second - first) * rest + 64, 128)


def _held(
    scale: np.float32 | float, zero_point: int
) -> tuple[np.float32, np.float32]:
    lower, upper = (
        np.float32(scale) * np.float32(end - zero_point)
        for end in (_ENDS.min, _ENDS.max)
    )
    return lower, upper


def _rounded(values: np.ndarray) -> np.ndarray:
    """Returns values rounded, halves away from 0."""
    away: np.ndarray = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return away
