"""Kernels of a curve: functions of one value, from tables or rounded down."""

import math

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import gates
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.kernels import tables

_PER_UNIT = 24  # values of the table of the logistic function
_SERIES = -12  # of what scale LiteRT has another kernel: 2 to this


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
    """Of 16 bits from a table of 256 values, or by a series."""
    if op.outputs[0].dtype != "int16":
        return None
    power = _power(op)
    if power == _SERIES:
        return gates.looked_up(gates.logistic(), given)
    return gates.looked_up(gates.table_logistic(*_factor(op)), given)


def tanh(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of 16 bits from the same table, as 2 logistic(2 x) - 1, or a series."""
    if op.outputs[0].dtype != "int16":
        return None
    power = _power(op)
    if power in (_SERIES, _SERIES + 1):
        given = given * 2 ** (power - _SERIES)
        ends = np.iinfo(np.int16)
        held = tf.clip_by_value(given, ends.min, ends.max)
        return gates.looked_up(gates.tanh(3), held)
    return gates.looked_up(gates.table_tanh(*_factor(op)), given)


def _power(op: Operator) -> int | None:
    """Returns the scale's logarithm to base 2 where LiteRT looks for it."""
    scale, _ = fixed_point.grid(op.inputs[0])
    fraction, exponent = math.frexp(float(scale))
    if op.runtime != "litert" or fraction != 0.5:
        return None
    return exponent - 1


def _factor(op: Operator) -> tuple[int, int]:
    """Returns from integers to places in the table: a factor, and its bits."""
    scale, _ = fixed_point.grid(op.inputs[0])
    factor, shift = float(scale) * (_PER_UNIT << 9), 0
    while factor <= 32767 / 2 and shift <= 30:
        factor, shift = 2 * factor, shift + 1
    return int(factor), shift
