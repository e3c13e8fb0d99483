"""ADD, SUB and MUL: kernels of two tensors, one of which may be repeated."""

import math

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator

_BITS = {"int8": 20, "uint8": 20, "int16": 15}  # below a step, while summed
# XNNPACK's factors of a sum: how many bits the larger one has, and what both
# have to be at least.
_BITS_OF_FACTOR = 20
_SMALLEST = 2.0**-10


def multiply(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """A product of steps times a factor of three scales.

    TensorFlow Lite Micro alone has it in float64.
    """
    scales, zeros = _grids(op)
    product = (one - zeros[0]) * (other - zeros[1])
    dtype = np.float64 if op.runtime == "tflm" else np.float32
    first, second, step = np.array(scales, dtype)
    factor = first * second / step
    if fixed_point.is_fast(op):
        nearest = tf.round(tf.cast(product, tf.float32) * factor)
        return tf.cast(nearest, tf.int64) + zeros[2]
    found = fixed_point.times(product, *fixed_point.parts(float(factor)))
    return found + zeros[2]


def add(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Both in finer steps, summed, and then in those of the output."""
    _, zeros = _grids(op)
    return _summed(op, one - zeros[0], other - zeros[1])


def subtract(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """As a sum."""
    _, zeros = _grids(op)
    return _summed(op, one - zeros[0], zeros[1] - other)


def _summed(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Returns the integers of the sum of two tensors of steps."""
    scales, zeros = _grids(op)
    first, second, step = scales
    ratios = first / step, second / step
    if fixed_point.is_fast(op) and min(ratios) >= _SMALLEST:
        bits = _BITS_OF_FACTOR + 1 - math.frexp(max(ratios))[1]
        factors = [round(math.ldexp(float(ratio), bits)) for ratio in ratios]
        total = one * factors[0] + other * factors[1]
        # Halves up.
        found = tf.bitwise.right_shift(total + (1 << bits >> 1), bits)
        return found + zeros[2]
    if _is_shifted(op, scales):
        # One input is of the scale of the output, or the kernel refuses.
        return sum(
            fixed_point.divided(steps, round(float(step / scale)))
            for steps, scale in ((one, first), (other, second))
        )
    bits = _BITS[op.outputs[0].dtype]
    # So that neither overflows: a half of the larger.
    unit = 2 * float(max(first, second))
    total = sum(
        fixed_point.times(
            steps * (1 << bits), *fixed_point.parts(float(scale) / unit)
        )
        for steps, scale in ((one, first), (other, second))
    )
    factor = fixed_point.parts(unit / (float(step) * 2**bits))
    return fixed_point.times(total, *factor) + zeros[2]


def _is_shifted(op: Operator, scales: list[np.float32]) -> bool:
    """Whether the kernel is the one for scales that are powers of two."""
    return (
        op.runtime != "tflm"
        and op.outputs[0].dtype == "int16"
        and bool(op.options.get("potScaleInt16"))
        and all(math.frexp(float(scale))[0] == 0.5 for scale in scales)
    )


def _grids(op: Operator) -> tuple[list[np.float32], list[int]]:
    """Returns the scales and the zero points of both inputs and the output."""
    tensors = (*op.inputs[:2], op.outputs[0])
    scales, zeros = zip(*map(fixed_point.grid, tensors), strict=True)
    return list(scales), list(zeros)
