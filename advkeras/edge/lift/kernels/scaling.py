"""Kernels that multiply integers by a factor, or divide a sum of them."""

import math

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.convolutions import PADDINGS

# Of a step: below the distance of any other mean, above what float64 errs.
_PUSH = 1e-7
_MOST_SHIFT = 32
# Factors that XNNPACK has 8 bits for.
_FACTORS = (2.0**-8, 2.0**7)


def quantize(op: Operator, given: tf.Tensor) -> tf.Tensor:
    """From one scale to another."""
    zeros = _zeros(op)
    return _scaled(op, given - zeros[0], 1.0) + zeros[1]


def leaky_relu(op: Operator, given: tf.Tensor) -> tf.Tensor:
    """One factor above 0, and another below."""
    zeros = _zeros(op)
    steps = given - zeros[0]
    alpha = float(np.float32(op.options["alpha"]))
    return zeros[1] + tf.where(
        steps >= 0, _scaled(op, steps, 1.0), _scaled(op, steps, alpha)
    )


def relu6(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """Of TensorFlow Lite Micro: clipped, whatever scale it is written with."""
    if op.runtime != "tflm":
        return None
    scale, zero_point = fixed_point.grid(op.inputs[0])
    six = zero_point + math.floor(float(np.float32(6) / scale) + 0.5)
    return tf.clip_by_value(given, zero_point, six)


def mean(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """A sum times a factor that the count is already in."""
    axes = op.inputs[1]
    if axes is None or axes.data is None:
        return None
    along = np.ravel(axes.data).tolist()
    sizes = [given.shape[axis] for axis in along]
    if None in sizes or 0 in [axis % len(given.shape) for axis in along]:
        return None
    count = math.prod(sizes)
    zeros = _zeros(op)
    steps = tf.reduce_sum(
        given - zeros[0], along, keepdims=bool(op.options["keepDims"])
    )
    if fixed_point.is_fast(op):
        factor = np.float32(fixed_point.ratio(op)) / np.float32(count)
        # Halves to the even integer, which depends on the zero point.
        means = tf.cast(steps, tf.float32) * factor + float(zeros[1])
        return tf.cast(tf.round(means), tf.int64)
    mantissa, exponent = fixed_point.parts(fixed_point.ratio(op))
    # As many bits as there are go to the quotient.
    shift = min(count.bit_length() - 1, _MOST_SHIFT, 31 + exponent)
    mantissa = (mantissa << shift) // count
    return (
        fixed_point.times_of_integers(steps, mantissa, exponent - shift)
        + zeros[1]
    )


def average_pool(op: Operator, given: tf.Tensor) -> tf.Tensor:
    """The mean of the integers, halves away from 0, the integer."""
    options = op.options
    # In float64 a half is one, whatever it is made of.
    means = tf.nn.avg_pool2d(
        tf.cast(given, tf.float64),
        ksize=(options["filterHeight"], options["filterWidth"]),
        strides=(options["strideH"], options["strideW"]),
        padding=PADDINGS[options["padding"]],
    )
    return tf.cast(tf.round(means + _PUSH * tf.sign(means)), tf.int64)


def _scaled(op: Operator, steps: tf.Tensor, factor: float) -> tf.Tensor:
    """Returns steps of the input in those of the output, times a factor."""
    factor *= fixed_point.ratio(op)
    fits = _FACTORS[0] <= abs(factor) <= _FACTORS[1]
    if fixed_point.is_fast(op) and _same_type(op) and fits:
        return fixed_point.times_of_8_bits(steps, factor)
    return fixed_point.times_of_integers(steps, *fixed_point.parts(factor))


def _same_type(op: Operator) -> bool:
    given, written = op.inputs[0], op.outputs[0]
    return given is not None and given.dtype == written.dtype


def _zeros(op: Operator) -> tuple[int, int]:
    return fixed_point.grid(op.inputs[0])[1], fixed_point.grid(op.outputs[0])[1]
