"""Convolutions and products of matrices."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator

PADDINGS = ("SAME", "VALID")
_MOST_DILATION = 1024


@operator("CONV_2D")
def conv_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Filters are (out, height, width, in); fewer `in` are groups."""
    images, filters, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3])
    filters = tf.transpose(filters, (1, 2, 3, 0))
    groups, rest = divmod(images.shape[-1], filters.shape[2])
    if rest or groups == 0:
        raise ValueError(f"{images.shape[-1]} channels for {filters.shape}")
    found = [
        _convolved(part, weights, op)
        for part, weights in zip(
            _split(images, groups), _split(filters, groups), strict=True
        )
    ]
    joined = found[0] if groups == 1 else tf.concat(found, axis=-1)
    return activated(op, _biased(op, joined, bias))


@operator("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Filters are (1, height, width, in * multiplier)."""
    images, filters, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3])
    channels = images.shape[-1]
    filters = tf.reshape(filters, (*filters.shape[1:3], channels, -1))
    height, width = _strides(op)
    if height == width and max(_dilations(op)) == 1:
        found = tf.nn.depthwise_conv2d(
            images,
            filters,
            strides=(1, height, width, 1),
            padding=PADDINGS[op.options["padding"]],
        )
    else:
        found = _everywhere(_depthwise, images, filters, op)
    return activated(op, _biased(op, found, bias))


@operator("TRANSPOSE_CONV")
def transpose_conv(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Inputs: shape of the output, filters (out, height, width, in), images."""
    shape, filters, images, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3], at=2)
    found = tf.nn.conv2d_transpose(
        images,
        tf.transpose(filters, (1, 2, 0, 3)),
        output_shape=tf.concat([tf.shape(images)[:1], shape[1:]], axis=0),
        strides=_strides(op),
        padding=PADDINGS[op.options["padding"]],
    )
    sizes = [None if s == -1 else s for s in op.outputs[0].signature[1:]]
    found = tf.ensure_shape(found, (None, *sizes))
    return activated(op, _biased(op, found, bias, at=2))


@operator("FULLY_CONNECTED")
def fully_connected(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Weights are (out, in); all but rows of `in` is flattened away."""
    values, weights, *bias = inputs
    if op.options.get("weightsFormat"):
        raise ValueError("shuffled weights")
    rows = tf.reshape(values, (-1, weights.shape[1]))
    rows = _dynamic(op, rows, axes=[1])
    found = _biased(op, tf.matmul(rows, weights, transpose_b=True), bias)
    if op.options.get("keepNumDims"):
        shape = (*tf.unstack(tf.shape(values)[:-1]), weights.shape[0])
        found = tf.reshape(found, shape)
    return activated(op, found)


@operator("BATCH_MATMUL")
def batch_matmul(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The product of the last two dimensions."""
    first, second = inputs
    first = _dynamic(op, first, axes=[-2 if op.options["adjX"] else -1])
    found = tf.matmul(
        first,
        second,
        transpose_a=op.options["adjX"],
        transpose_b=op.options["adjY"],
    )
    return _scaled(op, found, *op.inputs)


def _dynamic(
    op: Operator, values: tf.Tensor, axes: list[int], at: int = 0
) -> tf.Tensor:
    """Rounds float values that meet integer weights, as those kernels do."""
    quantized = any(
        straight_through.is_quantized(tensor) for tensor in op.inputs
    )
    tensor = op.inputs[at]
    if quantized and tensor is not None and tensor.dtype == "float32":
        return straight_through.as_dynamic(values, axes)
    return values


def _biased(
    op: Operator, values: tf.Tensor, bias: list[Any], at: int = 0
) -> tf.Tensor:
    """Adds a bias, if there is one, and rounds, in the steps of kernels."""
    given, filters, stored = op.inputs[at], op.inputs[1], op.inputs[-1]
    if not bias or stored is None:
        return _scaled(op, values, given, filters)
    numbers = tf.reshape(bias[0], (-1,))
    integers = _of_integers(given, filters)
    if integers and stored.data is not None:
        # Whatever scale it says that it has: converters share a bias between
        # convolutions of several scales, and not every kernel looks.
        one, other = map(straight_through.quantization_of, (given, filters))
        numbers = np.ravel(stored.data) * (one.scale * other.scale)
        numbers = tf.constant(numbers, tf.float32)
    summed = tf.nn.bias_add(values, numbers)
    return _scaled(op, summed, given, filters)


def _scaled(
    op: Operator,
    values: tf.Tensor,
    given: Tensor | None,
    filters: Tensor | None,
) -> tf.Tensor:
    """Returns sums as kernels have them.

    They come from steps of the products to those of the output by a factor.
    Of 16 bits it has 15, but for dense layers of LiteRT; of 8 bits it has 31,
    and XNNPACK alone and, of dense layers, LiteRT round its products once.
    """
    written = op.outputs[0]
    nearest = op.runtime != "tflm" and (
        op.name == "FULLY_CONNECTED"
        or (op.runtime == "litert" and written.dtype != "int16")
    )
    if nearest or not _of_integers(given, filters):
        return values
    one, other, step = (
        straight_through.quantization_of(tensor).scale.astype(np.float64)
        for tensor in (given, filters, written)
    )
    if not (step.all() and one.all() and other.all()):
        return values
    factors = one * other / step
    if written.dtype != "int16":
        # The sum of integers itself: float32 errs by less than one of them.
        sums = tf.cast(
            tf.round(values / (one * other).astype(np.float32)), tf.float64
        )
        mantissas, exponents = map(
            np.array, zip(*map(fixed_point.parts, factors), strict=True)
        )
        found = fixed_point.times(sums, mantissas, exponents)
        exact = tf.cast(found, tf.float32) * step.astype(np.float32)
        return straight_through.instead(exact, values)
    shortened = fixed_point.of_15_bits(factors)
    return values * (shortened / factors).astype(np.float32)


def _of_integers(given: Tensor | None, filters: Tensor | None) -> bool:
    return straight_through.is_quantized(filters) and (
        straight_through.is_quantized(given)
    )


def _strides(op: Operator) -> list[int]:
    return [op.options["strideH"], op.options["strideW"]]


def _dilations(op: Operator) -> list[int]:
    dilations = [op.options["dilationHFactor"], op.options["dilationWFactor"]]
    # Images are padded by them.
    if max(dilations) > _MOST_DILATION:
        raise ValueError(f"dilations {dilations}")
    return dilations


def _split(values: tf.Tensor, groups: int) -> list[tf.Tensor]:
    if groups == 1:
        return [values]
    parts: list[tf.Tensor] = tf.split(values, groups, axis=-1)
    return parts


def _convolved(
    images: tf.Tensor, filters: tf.Tensor, op: Operator
) -> tf.Tensor:
    if max(_dilations(op)) > 1:
        return _everywhere(tf.nn.convolution, images, filters, op)
    padding = PADDINGS[op.options["padding"]]
    return tf.nn.conv2d(images, filters, _strides(op), padding)


def _everywhere(
    function: Any, images: tf.Tensor, filters: tf.Tensor, op: Operator
) -> tf.Tensor:
    """Convolves at every place, then takes those that are strides apart.

    Of unequal strides TensorFlow has no depthwise convolution, and of both
    strides and dilations none with a gradient on every processor.
    """
    strides, padding = _strides(op), PADDINGS[op.options["padding"]]
    if strides != [1, 1]:
        images = _padded(images, filters.shape, padding, op)
        padding = "VALID"
    found = function(images, filters, padding=padding, dilations=_dilations(op))
    return found[:, :: strides[0], :: strides[1]]


def _depthwise(images: tf.Tensor, filters: tf.Tensor, **how: Any) -> tf.Tensor:
    return tf.nn.depthwise_conv2d(images, filters, strides=(1, 1, 1, 1), **how)


def _padded(
    images: tf.Tensor, filters: Any, padding: str, op: Operator
) -> tf.Tensor:
    """Pads as SAME does for these strides and dilations."""
    if padding == "VALID":
        return images
    margins = [[0, 0]]
    sizes = zip(images.shape[1:3], filters[:2], strict=True)
    steps = zip(_strides(op), _dilations(op), strict=True)
    for (size, kernel), (stride, dilation) in zip(sizes, steps, strict=True):
        reach = (kernel - 1) * dilation + 1
        outputs = -(-size // stride)
        total = max(0, (outputs - 1) * stride + reach - size)
        margins.append([total // 2, total - total // 2])
    return tf.pad(images, np.array([*margins, [0, 0]]))
