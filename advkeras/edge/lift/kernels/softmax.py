"""SOFTMAX of 16 bits: exp from one table, and 1 / (1 + x) from another."""

import functools

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.kernels import tables

_ENDS = np.iinfo(np.int16)
_RANGE = 10.0  # exp of what is further below the largest is 0
_STEPS = 65535.0


def softmax(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Over the last dimension."""
    if op.outputs[0].dtype != "int16":
        return None
    scale, _ = fixed_point.grid(op.inputs[0])
    factor = float(scale) * op.options["beta"] / (_RANGE / _STEPS)
    below = given - tf.reduce_max(given, axis=-1, keepdims=True)
    below = (
        fixed_point.times_of_integers(below, *fixed_point.parts(factor))
        + _ENDS.max
    )
    powers = tables.looked_up(
        _powers(), tf.clip_by_value(below, _ENDS.min, _ENDS.max)
    )
    total = tf.reduce_sum(powers, axis=-1, keepdims=True)
    # Total is 1 + x times a power of two.
    bits = _bits(total)
    whole = tf.bitwise.left_shift(total, 31 - bits)
    place = tf.math.floordiv(whole + (1 << 13), 1 << 14) - 3 * (1 << 15)
    inverse = tables.looked_up(
        _inverses(), tf.clip_by_value(place, _ENDS.min, _ENDS.max)
    )
    half = tf.bitwise.left_shift(tf.ones_like(bits), bits - 2)
    found = tf.bitwise.right_shift(powers * inverse + half, bits - 1)
    return tf.clip_by_value(found, 0, _ENDS.max)


@functools.cache
def _powers() -> np.ndarray:
    """Returns exp of -10 .. 0, in 1/32768."""
    return tables.table(np.exp, (_RANGE / _STEPS, _ENDS.max), (2 / _STEPS, 0))


@functools.cache
def _inverses() -> np.ndarray:
    """Returns 1 / (1 + x) of x in 0 .. 1, in 1/32768."""
    return tables.table(
        lambda x: 1 / (1 + x), (1 / _STEPS, _ENDS.min), (2 / _STEPS, 0)
    )


def _bits(values: tf.Tensor) -> tf.Tensor:
    """Returns how many bits positive integers below 2^31 have."""
    powers = tf.constant([1 << k for k in range(31)], tf.int64)
    above = tf.cast(values[..., None] >= powers, tf.int64)
    return tf.reduce_sum(above, axis=-1)
