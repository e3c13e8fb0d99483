"""Kernels of a curve: functions of one value, from tables or rounded down."""

import math

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.kernels import tables

_PER_UNIT = 24  # values of the table of the logistic function
_LAST = 255
_ONE = 1 << 16


def exp(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of 16 bits from a table."""
    if op.outputs[0].dtype != "int16":
        return None
    known = tables.table(
        np.exp, *map(fixed_point.grid, (op.inputs[0], op.outputs[0]))
    )
    return tables.looked_up(known, given)


def sqrt(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of 8 bits rounded down."""
    if op.outputs[0].dtype != "int8":
        return None
    (scale, zero_point), (step, zero) = map(
        fixed_point.grid, (op.inputs[0], op.outputs[0])
    )
    values = tf.cast(given - zero_point, tf.float32) * scale
    roots = tf.sqrt(tf.maximum(values, 0))
    return tf.cast(tf.floor(roots / step), tf.int64) + zero


def logistic(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of 16 bits from a table of 256 values."""
    places = _places(op, given)
    if places is None:
        return None
    found = _looked_up(tf.abs(places), 9, ((1 << 15) - 1) << 10)
    signed = tf.where(places >= 0, found, (1 << 25) - found - 1)
    return tf.math.floordiv(signed + (1 << 9), 1 << 10)


def tanh(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of 16 bits from the same table, as 2 logistic(2 x) - 1."""
    places = _places(op, given)
    if places is None:
        return None
    above = _looked_up(tf.abs(places), 8, (_ONE - 1) << 8) - (1 << 23)
    signed = tf.where(places >= 0, above, -above - 1)
    return tf.math.floordiv(signed + (1 << 7), 1 << 8)


def _places(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Returns where integers lie in the table, in 1/512 of its steps."""
    scale, _ = fixed_point.grid(op.inputs[0])
    if op.outputs[0].dtype != "int16":
        return None
    # LiteRT has a kernel of its own for a scale that is a power of two.
    if op.runtime == "litert" and math.frexp(float(scale))[0] == 0.5:
        return None
    factor, shift = float(scale) * (_PER_UNIT << 9), 0
    while factor <= 32767 / 2 and shift <= 30:
        factor, shift = 2 * factor, shift + 1
    half = 1 << shift >> 1
    return tf.math.floordiv(given * int(factor) + half, 1 << shift)


def _looked_up(places: tf.Tensor, bits: int, end: int) -> tf.Tensor:
    """Returns the logistic in 2^-(16 + bits).

    Args:
        places: Where, in 2^-bits of a step of the table; none below 0.
        bits: How many of them lie between two values of the table.
        end: What is said beyond the table.
    """
    line = tf.math.floordiv(places, 1 << bits)
    rest = tf.math.floormod(places, 1 << bits)
    known = tf.constant(_logistic_table(), tf.int64)
    first = tf.gather(known, tf.minimum(line, _LAST))
    second = tf.gather(known, tf.minimum(line + 1, _LAST))
    between = first * (1 << bits) + rest * (second - first)
    return tf.where(line >= _LAST, tf.constant(end, tf.int64), between)


def _logistic_table() -> np.ndarray:
    """Returns values, each moved by half of what the line behind it is off."""
    values, middle, after = (
        _ONE / (1 + np.exp(-(np.arange(_LAST + 1) + later) / _PER_UNIT))
        for later in (0.0, 0.5, 1.0)
    )
    moved = values - ((values + after) / 2 - middle) / 2
    return np.minimum(np.rint(moved), _ONE - 1).astype(np.int64)
