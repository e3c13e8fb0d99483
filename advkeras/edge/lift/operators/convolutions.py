"""Convolutions and products of matrices."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator

PADDINGS = ("SAME", "VALID")


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
        tf.nn.conv2d(
            part,
            weights,
            strides=_strides(op),
            padding=PADDINGS[op.options["padding"]],
            dilations=_dilations(op),
        )
        for part, weights in zip(
            _split(images, groups), _split(filters, groups), strict=True
        )
    ]
    joined = found[0] if groups == 1 else tf.concat(found, axis=-1)
    return activated(op, _biased(joined, bias))


@operator("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Filters are (1, height, width, in * multiplier)."""
    images, filters, *bias = inputs
    images = _dynamic(op, images, axes=[1, 2, 3])
    channels = images.shape[-1]
    filters = tf.reshape(filters, (*filters.shape[1:3], channels, -1))
    padding = PADDINGS[op.options["padding"]]
    height, width = _strides(op)
    dilations = _dilations(op)
    if height == width and (height == 1 or dilations == [1, 1]):
        found = tf.nn.depthwise_conv2d(
            images,
            filters,
            strides=(1, height, width, 1),
            padding=padding,
            dilations=dilations,
        )
    else:
        # TensorFlow has only equal strides here: every place, then some.
        images = _padded(images, filters.shape, padding, op)
        found = tf.nn.depthwise_conv2d(
            images,
            filters,
            strides=(1, 1, 1, 1),
            padding="VALID",
            dilations=dilations,
        )[:, ::height, ::width]
    return activated(op, _biased(found, bias))


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
    found = tf.ensure_shape(found, (None, *op.outputs[0].shape[1:]))
    return activated(op, _biased(found, bias))


@operator("FULLY_CONNECTED")
def fully_connected(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Weights are (out, in); all but rows of `in` is flattened away."""
    values, weights, *bias = inputs
    if op.options.get("weightsFormat"):
        raise ValueError("shuffled weights")
    rows = tf.reshape(values, (-1, weights.shape[1]))
    rows = _dynamic(op, rows, axes=[1])
    found = _biased(tf.matmul(rows, weights, transpose_b=True), bias)
    if op.options.get("keepNumDims"):
        shape = (*tf.unstack(tf.shape(values)[:-1]), weights.shape[0])
        found = tf.reshape(found, shape)
    return activated(op, found)


@operator("BATCH_MATMUL")
def batch_matmul(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The product of the last two dimensions."""
    first, second = inputs
    first = _dynamic(op, first, axes=[-2 if op.options["adjX"] else -1])
    return tf.matmul(
        first,
        second,
        transpose_a=op.options["adjX"],
        transpose_b=op.options["adjY"],
    )


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


def _biased(values: tf.Tensor, bias: list[Any]) -> tf.Tensor:
    if not bias or bias[0] is None:
        return values
    return tf.nn.bias_add(values, tf.reshape(bias[0], (-1,)))


def _strides(op: Operator) -> list[int]:
    return [op.options["strideH"], op.options["strideW"]]


def _dilations(op: Operator) -> list[int]:
    options = op.options
    return [options["dilationHFactor"], options["dilationWFactor"]]


def _split(values: tf.Tensor, groups: int) -> list[tf.Tensor]:
    if groups == 1:
        return [values]
    parts: list[tf.Tensor] = tf.split(values, groups, axis=-1)
    return parts


def _padded(
    images: tf.Tensor, filters: Any, padding: str, op: Operator
) -> tf.Tensor:
    """Pads as SAME does for these strides and dilations."""
    if padding == "VALID":
        return images
    margins = [[0, 0]]
    for size, kernel, stride, dilation in zip(
        images.shape[1:3], filters[:2], _strides(op), _dilations(op), strict=True
    ):
        reach = (kernel - 1) * dilation + 1
        outputs = -(-size // stride)
        total = max(0, (outputs - 1) * stride + reach - size)
        margins.append([total // 2, total - total // 2])
    return tf.pad(images, np.array([*margins, [0, 0]]))
