"""ADD, SUB and MUL: kernels of two tensors, one of which may be repeated.

Given the steps of both, integers less their zero point in float32, they return
those of the output. They need no int64, of which arithmetic is slow: these
products are of 48 bits, or of a sum whose last bits decide nothing.
"""

import math

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator

_BITS = {"int8": 20, "uint8": 20, "int16": 15}  # below a step, while summed
# XNNPACK's factors of a sum: of how many bits below its first the larger one
# is, and those that it takes.
_BITS_OF_FACTOR = 20
_FACTORS = (2.0**-10, 2.0**8)


def multiply(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """A product of steps times a factor of three scales.

    TensorFlow Lite Micro alone has it in float64.
    """
    dtype = np.float64 if op.runtime == "tflm" else np.float32
    first, second, step = np.array(_scales(op), dtype)
    factor = first * second / step
    if fixed_point.is_fast(op):
        return tf.round(one * other * factor)
    product = tf.cast(one, tf.float64) * tf.cast(other, tf.float64)
    return fixed_point.times(product, *fixed_point.parts(float(factor)))


def add(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Both in finer steps, summed, and then in those of the output."""
    steps = [tf.cast(each, tf.float64) for each in (one, other)]
    first, second, step = _scales(op)
    ratios = first / step, second / step
    fits = _FACTORS[0] <= min(ratios) and max(ratios) < _FACTORS[1]
    if fixed_point.is_fast(op) and fits:
        bits = _BITS_OF_FACTOR + 1 - math.frexp(max(ratios))[1]
        one, other = (
            each * math.ldexp(round(math.ldexp(float(ratio), bits)), -bits)
            for each, ratio in zip(steps, ratios, strict=True)
        )
        return tf.floor(one + other + 0.5)  # halves up
    if _is_shifted(op):
        # One input is of the scale of the output, or the kernel refuses.
        one, other = (
            fixed_point.away(each * float(ratio))
            for each, ratio in zip(steps, ratios, strict=True)
        )
        return one + other
    bits = _BITS[op.outputs[0].dtype]
    # So that neither overflows: a half of the larger.
    unit = 2 * float(max(first, second))
    one, other = (
        fixed_point.times(
            each * 2.0**bits, *fixed_point.parts(float(scale) / unit)
        )
        for each, scale in zip(steps, (first, second), strict=True)
    )
    factor = fixed_point.parts(unit / (float(step) * 2**bits))
    return fixed_point.times(one + other, *factor)


def subtract(op: Operator, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """As a sum."""
    return add(op, one, -other)


def _is_shifted(op: Operator) -> bool:
    """Whether the kernel is the one for scales that are powers of two."""
    return (
        op.runtime != "tflm"
        and op.outputs[0].dtype == "int16"
        and bool(op.options.get("potScaleInt16"))
        and all(math.frexp(float(scale))[0] == 0.5 for scale in _scales(op))
    )


def _scales(op: Operator) -> list[np.float32]:
    """Returns the scales of both inputs and the output."""
    tensors = (*op.inputs[:2], op.outputs[0])
    return [fixed_point.grid(tensor)[0] for tensor in tensors]
