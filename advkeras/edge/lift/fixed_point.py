"""Fixed point: integers times a number that is itself an integer of few bits.

Integers are int64, of which TensorFlow shifts to the right towards minus
infinity; or float64 where they are multiplied, which is many times as fast.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor

# Takes an operator and the integers that it reads first, or the steps of its
# two inputs; returns those that it writes, unclipped, or None where they are
# what is nearest.
Kernel = Callable[..., tf.Tensor | None]

_BYTES = ("int8", "uint8")
# Moves a half away from 0, and no integer of 49 bits, divided by a power of
# two, across one.
_PUSH = 1 + 2.0**-50


def is_fast(op: Operator) -> bool:
    """Whether XNNPACK computes an operator: LiteRT's kernels for 8 bits."""
    tensors = (op.inputs[0], op.outputs[0])
    return op.runtime == "litert" and all(
        tensor is not None and tensor.dtype in _BYTES for tensor in tensors
    )


def grid(tensor: Tensor | None) -> tuple[np.float32, int]:
    """Returns scale and zero point of a tensor with one of each."""
    quantization = straight_through.quantization_of(tensor)
    return quantization.scale[0], int(quantization.zero_point[0])


def ratio(op: Operator) -> float:
    """Returns how many steps of its output a step of its input is."""
    return float(grid(op.inputs[0])[0]) / float(grid(op.outputs[0])[0])


def steps(values: tf.Tensor, tensor: Tensor | None) -> tf.Tensor:
    """Returns the integers of numbers less the zero point, float32."""
    return tf.round(values / grid(tensor)[0])


def integers(values: tf.Tensor, tensor: Tensor | None) -> tf.Tensor:
    """Returns the integers of numbers that a tensor holds."""
    return tf.cast(steps(values, tensor), tf.int64) + grid(tensor)[1]


def numbers(found: tf.Tensor, tensor: Tensor) -> tf.Tensor:
    """Returns what integers stand for, clipped to what a tensor holds."""
    return numbers_of_steps(found - grid(tensor)[1], tensor)


def numbers_of_steps(found: tf.Tensor, tensor: Tensor) -> tf.Tensor:
    """Returns what integers less their zero point stand for, clipped."""
    scale, zero_point = grid(tensor)
    ends = np.iinfo(tensor.dtype)
    held = tf.clip_by_value(found, ends.min - zero_point, ends.max - zero_point)
    return tf.cast(held, tf.float32) * scale


def parts(factor: float) -> tuple[int, int]:
    """Returns a factor as (m, e), m / 2^31 * 2^e, with m of 31 bits."""
    fraction, exponent = math.frexp(factor)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        return 2**30, exponent + 1
    return mantissa, exponent


def times(values: tf.Tensor, mantissa: Any, exponent: Any) -> tf.Tensor:
    """Returns values times a factor, rounded twice.

    First at 2^31, halves up; then at the rest, halves away from 0.

    Args:
        values: Integers, float64.
        mantissa: As `parts` has it; or an array, of one for each channel.
        exponent: As the mantissa.
    """
    high, rest = _high(values, mantissa, exponent)
    return high if np.all(rest == 1) else away(high * rest)


def times_halves_up(
    values: tf.Tensor, mantissa: Any, exponent: Any
) -> tf.Tensor:
    """As `times`, but halves up at the rest too."""
    high, rest = _high(values, mantissa, exponent)
    return up(high * rest)


def times_once(values: tf.Tensor, mantissa: Any, exponent: Any) -> tf.Tensor:
    """As `times`, but rounded once, halves up."""
    factor = np.ldexp(np.float64(mantissa), np.asarray(exponent) - 31)
    return up(values * factor)


def up(values: tf.Tensor) -> tf.Tensor:
    """Returns float64 rounded, halves up."""
    return tf.floor(values + 0.5)


def _high(
    values: tf.Tensor, mantissa: Any, exponent: Any
) -> tuple[tf.Tensor, np.ndarray]:
    """Returns values times a factor, rounded at 2^31, and the rest of it."""
    factor = np.ldexp(np.float64(mantissa), np.maximum(exponent, 0) - 31)
    return up(values * factor), np.ldexp(1.0, np.minimum(exponent, 0))


def away(values: tf.Tensor) -> tf.Tensor:
    """Returns float64 rounded, halves away from 0."""
    return tf.round(values * _PUSH)


def times_of_integers(
    values: tf.Tensor, mantissa: int, exponent: int
) -> tf.Tensor:
    """As `times`, int64."""
    found = times(tf.cast(values, tf.float64), mantissa, exponent)
    return tf.cast(found, tf.int64)


def times_of_8_bits(values: tf.Tensor, factor: float) -> tf.Tensor:
    """Returns values times a factor in steps of 1/256, halves up."""
    rounded = round(float(np.float32(256) * np.float32(factor)))
    return _shifted(values * rounded, 8)


def of_15_bits(factors: np.ndarray) -> np.ndarray:
    """Returns factors as those are that a kernel of 16 bits multiplies by."""
    return np.array([_of_15_bits(float(factor)) for factor in factors])


def divided(values: tf.Tensor, divisor: int) -> tf.Tensor:
    """Returns values / divisor, a power of two, halves away from 0."""
    bits = divisor.bit_length() - 1
    return tf.sign(values) * _shifted(tf.abs(values), bits)


def _of_15_bits(factor: float) -> float:
    mantissa, exponent = parts(factor)
    rounded = min((mantissa + 2**15) >> 16, 2**15 - 1)
    return math.ldexp(rounded, exponent - 15)


def _shifted(values: tf.Tensor, bits: int) -> tf.Tensor:
    """Returns values / 2^bits, halves up."""
    return tf.bitwise.right_shift(values + (1 << bits >> 1), bits)
