"""What integers do to numbers: rounded forwards, left alone backwards.

A quantised tensor holds (q - zero_point) * scale for integers q. What computes
on it computes here in float32 on those numbers; then the result is rounded
to the nearest that its tensor can hold, and clipped. The gradient passes the
rounding as if it were not there (the straight-through estimator: Bengio,
Leonard and Courville 2013, section 4).

It passes the ends of a range as well (BPDA: Athalye, Carlini and Wagner 2018,
section 4.1), which are no activation function: that is an operator's own, and
has its own gradient. A score that is clipped passes all, or a file whose scores
are at their ends would have no gradient. Of what is clipped before, whose
change may change nothing, a tenth is passed: with all, attacks on badly
calibrated files need larger changes; with nothing, some do not find any.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor

_INTEGERS = ("int8", "uint8", "int16")
_WIDE = ("int32", "int64")
# Of a step: how far off a value is that is rounded, also beyond an end, where
# pixels of -1 .. 1 are. A little more than half, for float32's own error.
_ROUNDED = 0.51
_BEYOND = 0.1  # of a gradient: what passes an end of a range inside of a net


def is_quantized(tensor: Tensor | None) -> bool:
    """Whether a tensor holds 8 or 16 bit integers that stand for numbers."""
    return (
        tensor is not None
        and tensor.dtype in _INTEGERS
        and tensor.quantization is not None
    )


def is_whole(tensor: Tensor) -> bool:
    """Whether a tensor holds integers that stand for themselves."""
    whole = tensor.dtype in _INTEGERS and tensor.quantization is None
    return whole or tensor.dtype in _WIDE


def is_scaled(tensor: Tensor) -> bool:
    """Whether a tensor holds integers of any width that stand for numbers."""
    wide = tensor.dtype in _WIDE and tensor.quantization is not None
    return wide or is_quantized(tensor)


def limits(tensor: Tensor) -> tuple[float, float]:
    """Returns the smallest and largest number that a quantised tensor holds."""
    quantization = quantization_of(tensor)
    ends = np.iinfo(tensor.dtype)
    scale = float(quantization.scale[0])
    zero_point = int(quantization.zero_point[0])
    return (ends.min - zero_point) * scale, (ends.max - zero_point) * scale


def input_limits(graph: Graph, given: Tensor) -> tuple[float, float] | None:
    """Returns the range of an input, as far as the file says so.

    That of its own scale and zero point, or of the QUANTIZE that is all that
    reads it, or of 8 or 16 bit integers as they are; None of other numbers.
    """
    if given.dtype in _WIDE:
        return None
    if is_whole(given):
        ends = np.iinfo(given.dtype)
        return float(ends.min), float(ends.max)
    if not is_quantized(given):
        readers = [op for op in graph.operators if given in op.inputs]
        if [op.name for op in readers] != ["QUANTIZE"]:
            return None
        given = readers[0].outputs[0]
    return limits(given) if is_quantized(given) else None


def as_held(
    values: tf.Tensor, tensor: Tensor, whole: bool = False
) -> tf.Tensor:
    """Returns values as a tensor of the file holds them.

    Args:
        values: float32, any shape.
        tensor: Where they go; quantised with one scale.
        whole: Whether all of the gradient passes the ends of its range.
    """
    lower, upper = limits(tensor)
    bits = 8 * np.dtype(tensor.dtype).itemsize
    return _passed(
        tf.zeros_like
        if lower == upper
        else lambda given: tf.quantization.fake_quant_with_min_max_args(
            given, lower, upper, bits
        ),
        values,
        tensor,
        1.0 if whole else _BEYOND,
    )


def as_found(
    exact: tf.Tensor, values: tf.Tensor, tensor: Tensor, whole: bool = False
) -> tf.Tensor:
    """Returns what a kernel makes, with the gradient of `as_held`."""
    return _passed(lambda _: exact, values, tensor, 1.0 if whole else _BEYOND)


def as_whole(values: tf.Tensor, tensor: Tensor) -> tf.Tensor:
    """Returns floats as an input of integers takes them, halves to even."""
    ends = np.iinfo(tensor.dtype)
    held = tf.clip_by_value(tf.round(values), ends.min, ends.max)
    return values + tf.stop_gradient(held - values)


def same_grid(first: Tensor | None, second: Tensor) -> bool:
    """Whether two quantised tensors hold the very same numbers."""
    if first is None or first.dtype != second.dtype:
        return False
    one, other = quantization_of(first), quantization_of(second)
    return (
        one.per_tensor
        and one.scale[0] == other.scale[0]
        and one.zero_point[0] == other.zero_point[0]
    )


def constant(tensor: Tensor) -> np.ndarray:
    """Returns what a constant stands for: float32, or integers as they are."""
    data = np.asarray(tensor.data)
    quantization = tensor.quantization
    if quantization is None or data.dtype.kind not in "iu":
        return data.astype(np.float32) if data.dtype.kind == "f" else data
    along = [1] * data.ndim
    if not quantization.per_tensor:
        along[quantization.axis] = -1
    zero_point = quantization.zero_point.reshape(along)
    # In float64: a bias of 32 bits is more than float32 tells apart.
    scale = quantization.scale.astype(np.float64).reshape(along)
    numbers = (data.astype(np.float64) - zero_point) * scale
    return numbers.astype(np.float32)


def as_dynamic(values: tf.Tensor, axes: list[int]) -> tf.Tensor:
    """Returns values rounded to 256 steps between their own extremes.

    What a kernel with integer weights does to float activations.

    Args:
        values: float32.
        axes: The dimensions that share one range.
    """
    lower = tf.minimum(tf.reduce_min(values, axes, keepdims=True), 0)
    upper = tf.maximum(tf.reduce_max(values, axes, keepdims=True), 0)
    # Multiplied, as kernels do: a quotient rounds to another step now and
    # then, and where pixels are half a step there are many of these.
    per_unit = tf.where(upper > lower, 255 / (upper - lower), 1.0)
    # 0 has to be one of the steps.
    zero_point = tf.round(-128 - lower * per_unit)
    steps = tf.round(values * per_unit) + zero_point
    held = (tf.clip_by_value(steps, -128, 127) - zero_point) / per_unit
    return values + tf.stop_gradient(held - values)


def as_symmetric(values: tf.Tensor, axes: list[int]) -> tf.Tensor:
    """As `as_dynamic`, to 255 steps about 0, halves away from it."""
    most = tf.reduce_max(tf.abs(values), axes, keepdims=True)
    per_unit = tf.where(most > 0, 127 / most, 1.0)
    steps = tf.floor(tf.abs(values) * per_unit + 0.5)
    held = tf.sign(values) * tf.minimum(steps, 127) * (most / 127)
    return values + tf.stop_gradient(held - values)


def as_quantized(
    values: tf.Tensor, tensor: Tensor, fast: bool = True
) -> tf.Tensor:
    """Returns floats as a kernel quantises them.

    `as_held` is the faster, and takes halves up. Results of arithmetic are
    hardly ever halves; pixels are, at 0.1 of 255 levels.

    Args:
        values: float32, any shape.
        tensor: Where they go; quantised with one scale.
        fast: Whether the kernel multiplies, and takes halves to the even
            integer, as XNNPACK does; others divide, and take them away from 0.
    """

    def rounded(given: tf.Tensor, scale: np.float32) -> tf.Tensor:
        if fast:
            return tf.round(given * (np.float32(1) / scale))
        steps = _divided(given, scale)
        return tf.sign(steps) * tf.floor(tf.abs(steps) + 0.5)

    return _on_grid(rounded, values, tensor, _BEYOND)


def as_shown(values: tf.Tensor, tensor: Tensor) -> tf.Tensor:
    """Returns floats as an input is given them: halves to the even integer.

    All of the gradient passes its ends.

    Args:
        values: float32, any shape.
        tensor: An input; quantised with one scale.
    """
    return _on_grid(
        lambda given, scale: tf.round(_divided(given, scale)),
        values,
        tensor,
        1.0,
    )


def instead(exact: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns what a kernel makes, with the gradient of other values."""
    still = tf.stop_gradient(values)
    passing = tf.where(tf.math.is_finite(still), values - still, 0.0)
    return tf.stop_gradient(exact) + passing


def _divided(values: tf.Tensor, scale: np.float32) -> tf.Tensor:
    """Returns values / scale as float32 has it.

    By way of float64: TensorFlow makes a product of a quotient by a constant,
    and in float32 that is another number now and then.
    """
    wide = tf.cast(values, tf.float64) / np.float64(scale)
    return tf.cast(wide, tf.float32)


def _on_grid(
    rounded: Callable[[tf.Tensor, np.float32], tf.Tensor],
    values: tf.Tensor,
    tensor: Tensor,
    beyond: float,
) -> tf.Tensor:
    """Returns values on the grid of a tensor, as a rounding has them."""
    quantization = quantization_of(tensor)
    scale, zero_point = quantization.scale[0], quantization.zero_point[0]
    ends = np.iinfo(tensor.dtype)

    def held(given: tf.Tensor) -> tf.Tensor:
        if not scale:
            return tf.zeros_like(given)
        steps = tf.clip_by_value(
            rounded(given, scale),
            np.float32(ends.min - zero_point),
            np.float32(ends.max - zero_point),
        )
        return steps * scale

    return _passed(held, values, tensor, beyond)


def _passed(
    held: Callable[[tf.Tensor], tf.Tensor],
    values: tf.Tensor,
    tensor: Tensor,
    beyond: float,
) -> tf.Tensor:
    """Returns `held(values)` with the gradient of `values`.

    Not as values + (held - values) without the gradient of the latter, which
    float32 rounds once more.
    """
    # Not by `tf.custom_gradient`, which would keep each graph that it is in
    # for as long as the process lasts. What is added is 0 exactly, and where
    # there is no difference, of an infinity, it is 0 as well.
    still = tf.stop_gradient(values)
    lower, upper = limits(tensor)
    passing = tf.where(tf.math.is_finite(still), values - still, 0.0)
    if beyond != 1:
        margin = _ROUNDED * float(quantization_of(tensor).scale[0])
        clipped = (still < lower - margin) | (still > upper + margin)
        passing *= tf.where(clipped, beyond, 1.0)
    return tf.stop_gradient(held(values)) + passing


def quantization_of(tensor: Tensor | None) -> Quantization:
    """Returns a tensor's quantization, which it must have."""
    if tensor is None or tensor.quantization is None:
        index = None if tensor is None else tensor.index
        raise ValueError(f"tensor {index} is not quantised")
    return tensor.quantization
