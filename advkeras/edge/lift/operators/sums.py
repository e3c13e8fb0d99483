"""Sums of products, and what kernels make of them: integers times a factor.

Of 8 bits the sum fits in the 24 bits of a float32 nearly always, and is found
by rounding it. Of 16 bits it does not: there it is that of the upper and of
the lower bytes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor

# Returns the sums of products of numbers with weights that it has, whose last
# dimension is that of the weights' scales.
Product = Callable[[tf.Tensor], tf.Tensor]

_BYTE = 256


def biased(
    op: Operator,
    product: Product,
    values: tf.Tensor,
    bias: list[Any],
    at: int = 0,
) -> tf.Tensor:
    """Sums products, adds a bias, if there is one, and rounds as kernels do.

    Args:
        op: Weights are its second input, a bias its last.
        product: Of the values and the weights.
        values: What the input `at` holds.
        bias: Empty, or of one element, which may be None.
        at: Which input holds the values.
    """
    given, weights, last = op.inputs[at], op.inputs[1], op.inputs[-1]
    held = bool(bias) and last is not None
    # Integers, whatever scale they say that they have: converters share a bias
    # between convolutions of several scales, and not every kernel looks.
    stored = last.data if held and last is not None else None
    if _of_integers(given, weights) and _of_16_bits(given, op.outputs[0]):
        scales = _scale(given), _scale(weights), _scale(op.outputs[0])
        if all(scale.all() for scale in scales) and (
            stored is not None or not held
        ):
            added = 0 if stored is None else np.ravel(stored)
            return _scaled_16(op, product, values, added, scales)
    found = product(values)
    if held:
        numbers = tf.reshape(bias[0], (-1,))
        if stored is not None and _of_integers(given, weights):
            products = _scale(given) * _scale(weights)
            numbers = tf.constant(np.ravel(stored) * products, tf.float32)
        found = tf.nn.bias_add(found, numbers)
    return scaled(op, found, given, weights)


def scaled(
    op: Operator,
    values: tf.Tensor,
    given: Tensor | None,
    weights: Tensor | None,
) -> tf.Tensor:
    """Returns sums as kernels of 8 bits have them."""
    written = op.outputs[0]
    if not _of_integers(given, weights) or _of_16_bits(written):
        return values
    one, other, step = map(_scale, (given, weights, written))
    if not (step.all() and one.all() and other.all()):
        return values
    # The sum of integers itself: float32 errs by less than one of them.
    sums = tf.round(values / (one.astype(np.float64) * other).astype("f"))
    if op.runtime == "litert":
        # XNNPACK: in float32, in this order.
        found = tf.round(sums * (one * other / step))
    else:
        found = _multiplied(op, tf.cast(sums, tf.float64), one, other, step)
    exact = tf.cast(found, tf.float32) * step
    return straight_through.instead(exact, values)


def _scaled_16(
    op: Operator,
    product: Product,
    values: tf.Tensor,
    bias: Any,
    scales: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tf.Tensor:
    """Returns sums as kernels of 16 bits have them."""
    one, other, step = scales
    steps = values / one[0]
    whole = tf.stop_gradient(tf.round(steps))
    upper = tf.floor(whole / _BYTE)
    # The gradient is that of the lower bytes alone.
    lower = whole - _BYTE * upper + (steps - tf.stop_gradient(steps))
    lower_sums = product(lower) / other
    sums = _BYTE * tf.cast(tf.round(product(upper) / other), tf.float64)
    sums += tf.cast(tf.round(lower_sums), tf.float64) + np.float64(bias)
    found = _multiplied(op, sums, one, other, step)
    exact = tf.cast(found, tf.float32) * step
    return straight_through.instead(exact, lower_sums * (one * other))


def _multiplied(
    op: Operator, sums: tf.Tensor, *scales: np.ndarray
) -> tf.Tensor:
    """Returns steps of the output, float64, of steps of the products.

    The factor has 31 bits, and what it makes is rounded twice; but for dense
    layers of LiteRT, it has 15 bits where activations have 16. Dense layers of
    LiteRT's references are rounded once; so are those of 16 bits elsewhere that
    have a bias of 64, without which Ruy computes them.
    """
    one, other, step = (scale.astype(np.float64) for scale in scales)
    factors = one * other / step
    mantissas, exponents = map(
        np.array, zip(*map(fixed_point.parts, factors), strict=True)
    )
    if op.name == "FULLY_CONNECTED" and op.runtime != "tflm":
        bias = op.inputs[-1]
        wide = bias is not None and bias.dtype == "int64"
        if wide or op.runtime == "litert-reference":
            return fixed_point.times_once(sums, mantissas, exponents)
        return fixed_point.times_halves_up(sums, mantissas, exponents)
    if _of_16_bits(op.outputs[0]):
        return fixed_point.up(sums * fixed_point.of_15_bits(factors))
    return fixed_point.times(sums, mantissas, exponents)


def _scale(tensor: Tensor | None) -> np.ndarray:
    return straight_through.quantization_of(tensor).scale.astype(np.float32)


def _of_16_bits(*tensors: Tensor | None) -> bool:
    return all(
        tensor is not None and tensor.dtype == "int16" for tensor in tensors
    )


def _of_integers(given: Tensor | None, weights: Tensor | None) -> bool:
    return straight_through.is_quantized(weights) and (
        straight_through.is_quantized(given)
    )
