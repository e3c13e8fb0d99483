"""Logistic and tanh of all integers of 16 bits, as two families of kernels.

By series and Newton's method: LiteRT's gates of an LSTM, and its LOGISTIC and
TANH where the scale is a power of two. Or between 256 values of a table:
reference kernels, and TensorFlow Lite Micro.

What is made is in steps of 2^-15, of which 1 has one less.
"""

import functools
import math

import numpy as np
import tensorflow as tf

_ONE = (1 << 15) - 1
_ENDS = np.iinfo(np.int16)
_MOST_BITS = 6  # before the point
# Powers of 1/e, by the logarithm to base 2 of the power.
_POWERS = {k: math.exp(-(2.0**k)) for k in range(-2, 5)}
_STEPS = 3  # of Newton's method
_PER_UNIT = 24  # values of the table
_LAST = 255  # of them
_UNIT = 1 << 16  # that a value of the table is 1 in


@functools.cache
def logistic() -> np.ndarray:
    """Returns the logistic of x / 2^12 in 1 / 2^15, for all x of 16 bits."""
    every = _every()
    above = _clipped(_inverse(_exp(-np.abs(every), 3)) << 1)
    found = np.where(every > 0, above, _ONE - above)
    return np.where(every == 0, 1 << 14, found)


@functools.cache
def tanh(bits: int) -> np.ndarray:
    """As `logistic`: tanh of x in 2^bits / 2^15.

    Raises:
        ValueError: There are too many bits before the point.
    """
    if not 0 <= bits <= _MOST_BITS:
        raise ValueError(f"{bits} bits before the point")
    every = _every()
    # Of -2 |x|: the same bits, one more of which lies before the point.
    inverse = _inverse(_exp(-np.abs(every), bits + 1))
    above = _clipped((inverse - (1 << 13)) << 2)
    return np.sign(every) * above


def table_logistic(factor: int, shift: int) -> np.ndarray:
    """Returns the logistic, from the table, for all x of 16 bits.

    Args:
        factor: From x to 1 / 12288, where 24 values of the table are 1.
        shift: Bits that the factor has too many.
    """
    places = _places(factor, shift)
    above = _between(np.abs(places), 9, ((1 << 15) - 1) << 10)
    found = np.where(places >= 0, above, (1 << 25) - above - 1)
    return (found + (1 << 9)) >> 10


def table_tanh(factor: int, shift: int) -> np.ndarray:
    """Returns tanh, as 2 logistic(2 x) - 1; as `table_logistic`."""
    places = _places(factor, shift)
    above = _between(np.abs(places), 8, (_UNIT - 1) << 8) - (1 << 23)
    found = np.where(places >= 0, above, -above - 1)
    return (found + (1 << 7)) >> 8


def looked_up(values: np.ndarray, integers: tf.Tensor) -> tf.Tensor:
    """Returns what a table of all integers of 16 bits says of some."""
    places = tf.cast(integers, tf.int32) - int(_ENDS.min)
    return tf.gather(tf.constant(values, integers.dtype), places)


def _every() -> np.ndarray:
    return np.arange(_ENDS.min, _ENDS.max + 1, dtype=np.int64)


def _places(factor: int, shift: int) -> np.ndarray:
    """Returns where all integers lie in the table, in 1/512 of its steps."""
    return (_every() * factor + (1 << shift >> 1)) >> shift


def _between(places: np.ndarray, bits: int, end: int) -> np.ndarray:
    """Returns the logistic in 2^-(16 + bits).

    Args:
        places: Where, in 2^-bits of a step of the table; none below 0.
        bits: How many of them lie between two values of the table.
        end: What is said beyond the table.
    """
    known, line = _table(), places >> bits
    first = known[np.minimum(line, _LAST)]
    second = known[np.minimum(line + 1, _LAST)]
    rest = places & ((1 << bits) - 1)
    return np.where(
        line >= _LAST, end, (first << bits) + rest * (second - first)
    )


def _table() -> np.ndarray:
    """Returns values, each moved by half of what the line behind it is off."""
    values, middle, after = (
        _UNIT / (1 + np.exp(-(np.arange(_LAST + 1) + later) / _PER_UNIT))
        for later in (0.0, 0.5, 1.0)
    )
    moved = np.rint(values - ((values + after) / 2 - middle) / 2)
    moved[_LAST] = _UNIT - 1  # as it goes on beyond
    return moved.astype(np.int64)


def _exp(given: np.ndarray, bits: int) -> np.ndarray:
    """Returns exp of what is not above 0, with bits before the point."""
    behind = 15 - bits
    quarter = 1 << (behind - 2)
    rest = (given & (quarter - 1)) - quarter
    found = _exp_near_0(_clipped(rest << bits))
    left = rest - given
    for power, value in _POWERS.items():
        if bits > power:
            has = left & (1 << (behind + power))
            found = np.where(has, _product(found, _constant(value)), found)
    if bits > 5:
        found = np.where(given < -(1 << (20 - bits)), 0, found)
    return np.where(given == 0, _ONE, found)


def _exp_near_0(given: np.ndarray) -> np.ndarray:
    """Returns exp of -1/4 .. 0: four terms of its series about -1/8."""
    x = given + (1 << 12)
    square = _product(x, x)
    cube, fourth = _product(square, x), _product(square, square)
    third = _product(_shifted(fourth, 2) + cube, _constant(1 / 3))
    middle = _constant(math.exp(-1 / 8))
    terms = x + _shifted(third + square, 1)
    return _clipped(middle + _product(np.array(middle), terms))


def _inverse(given: np.ndarray) -> np.ndarray:
    """Returns 2 / (1 + x) of 0 .. 1, with 2 bits before the point."""
    half = (given + _ONE + 1) // 2
    x = _constant(48 / 17, 13) + _product(half, _constant(-32 / 17, 13))
    for _ in range(_STEPS):
        rest = (1 << 13) - _product(half, x)
        x = x + _clipped(_product(x, rest) << 2)
    return x


def _constant(value: float, behind: int = 15) -> int:
    # Of 32 bits first, as it is written there.
    wide = math.floor(value * 2.0 ** (behind + 16) + 0.5)
    return int(_shifted(np.array(wide), 16))


def _product(one: np.ndarray, other: np.ndarray | int) -> np.ndarray:
    """Returns a product's upper half, halves away from 0 above it alone."""
    found = one * np.int64(other) if isinstance(other, int) else one * other
    nudged = found + np.where(found >= 0, 1 << 14, 1 - (1 << 14))
    return np.minimum(np.sign(nudged) * (np.abs(nudged) >> 15), _ONE)


def _shifted(given: np.ndarray, bits: int) -> np.ndarray:
    """Returns integers / 2^bits, halves away from 0."""
    return np.sign(given) * ((np.abs(given) + (1 << bits >> 1)) >> bits)


def _clipped(given: np.ndarray) -> np.ndarray:
    return np.clip(given, _ENDS.min, _ENDS.max)
