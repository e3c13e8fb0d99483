"""Convolutions and products of matrices."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators import sums
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

    def product(images: tf.Tensor) -> tf.Tensor:
        found = [
            _convolved(part, weights, op)
            for part, weights in zip(
                _split(images, groups), _split(filters, groups), strict=True
            )
        ]
        return found[0] if groups == 1 else tf.concat(found, axis=-1)

    return activated(op, sums.biased(op, product, images, bias))


@operator("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Filters are (1, height, width, in * multiplier)."""
    images, filters, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3])
    channels = images.shape[-1]
    filters = tf.reshape(filters, (*filters.shape[1:3], channels, -1))
    height, width = _strides(op)

    def product(images: tf.Tensor) -> tf.Tensor:
        if height != width or max(_dilations(op)) > 1:
            return _everywhere(_depthwise, images, filters, op)
        return tf.nn.depthwise_conv2d(
            images,
            filters,
            strides=(1, height, width, 1),
            padding=PADDINGS[op.options["padding"]],
        )

    return activated(op, sums.biased(op, product, images, bias))


@operator("TRANSPOSE_CONV")
def transpose_conv(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Inputs: shape of the output, filters (out, height, width, in), images."""
    shape, filters, images, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3], at=2)
    sizes = [None if s == -1 else s for s in op.outputs[0].signature[1:]]

    def product(images: tf.Tensor) -> tf.Tensor:
        found = tf.nn.conv2d_transpose(
            images,
            tf.transpose(filters, (1, 2, 0, 3)),
            output_shape=tf.concat([tf.shape(images)[:1], shape[1:]], axis=0),
            strides=_strides(op),
            padding=PADDINGS[op.options["padding"]],
        )
        return tf.ensure_shape(found, (None, *sizes))

    return activated(op, sums.biased(op, product, images, bias, at=2))


@operator("FULLY_CONNECTED")
def fully_connected(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Weights are (out, in); all but rows of `in` is flattened away."""
    values, weights, *bias = inputs
    if op.options.get("weightsFormat"):
        raise ValueError("shuffled weights")
    rows = tf.reshape(values, (-1, weights.shape[1]))
    rows = _dynamic(op, rows, axes=[1])

    def product(rows: tf.Tensor) -> tf.Tensor:
        return tf.matmul(rows, weights, transpose_b=True)

    found = sums.biased(op, product, rows, bias)
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
    return sums.scaled(op, found, *op.inputs)


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
