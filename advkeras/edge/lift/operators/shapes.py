"""Operators that move values about, and compute shapes.

A file that was made for one image has that 1 in its shapes. Here it may be
any number of images: what a file does to one it does to each of them, which
lie one after the other along the first dimension.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator

_MIRRORS = ("REFLECT", "SYMMETRIC")


@operator("RESHAPE")
def reshape(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """To a shape that is an input or, in old files, an option."""
    if _is_reshape_of_images(op):
        return _reshaped(op, inputs[0])
    shape = inputs[1] if len(inputs) > 1 else op.options["newShape"]
    return tf.reshape(inputs[0], shape)


@operator("EXPAND_DIMS")
def expand_dims(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One more dimension, of size 1."""
    if _is_reshape_of_images(op):
        return _reshaped(op, inputs[0])
    return tf.expand_dims(inputs[0], _first(inputs[1]))


@operator("SQUEEZE")
def squeeze(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Without these dimensions, of size 1; without all such if none."""
    if _is_reshape_of_images(op):
        return _reshaped(op, inputs[0])
    dims = op.options["squeezeDims"]
    return tf.squeeze(inputs[0], None if dims is None else list(dims))


@operator("SHAPE")
def shape(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The shape, with as many images as there are."""
    return tf.shape(inputs[0], op.outputs[0].dtype)


@operator("FILL")
def fill(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One value, in a shape that is an input: a state before the first step."""
    del op
    return tf.fill(inputs[0], tf.reshape(inputs[1], ()))


@operator("TRANSPOSE")
def transpose(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Dimensions in another order."""
    del op
    return tf.transpose(inputs[0], inputs[1])


@operator("REVERSE_V2")
def reverse(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """From the other end, along some dimensions."""
    del op
    return tf.reverse(*inputs)


@operator("CONCATENATION")
def concatenation(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One after the other."""
    return activated(op, tf.concat(inputs, op.options["axis"]))


@operator("PACK")
def pack(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One after the other along a new dimension."""
    return tf.stack(inputs, op.options["axis"])


@operator("UNPACK")
def unpack(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """All slices along a dimension, which goes."""
    parts: list[tf.Tensor] = tf.unstack(
        inputs[0], len(op.outputs), op.options["axis"]
    )
    return parts


@operator("SPLIT")
def split(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """Into equal parts."""
    axis, values = inputs
    parts: list[tf.Tensor] = tf.split(values, len(op.outputs), _first(axis))
    return parts


@operator("SPLIT_V")
def split_v(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """Into parts of these sizes."""
    del op
    values, sizes, axis = inputs
    parts: list[tf.Tensor] = tf.split(values, sizes.tolist(), _first(axis))
    return parts


@operator("GATHER")
def gather(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Slices by their numbers."""
    return tf.gather(
        *inputs, axis=op.options["axis"], batch_dims=op.options["batchDims"]
    )


@operator("PAD", "PADV2")
def pad(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """With 0, or with a number that is an input."""
    del op
    values, margins, *constant = inputs
    with_ = constant[0] if constant else 0
    return tf.pad(values, margins, constant_values=with_)


@operator("MIRROR_PAD")
def mirror_pad(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """With what lies on the other side of the edge."""
    return tf.pad(*inputs, mode=_MIRRORS[op.options["mode"]])


@operator("STRIDED_SLICE")
def strided_slice(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """From, to, by; masks say where an end is left open."""
    values, begin, end, strides = inputs
    options = op.options
    begin_mask, end_mask = options["beginMask"], options["endMask"]
    if _of_images(op) and _is_whole(op, begin[0], end[0]):
        begin_mask, end_mask = begin_mask | 1, end_mask | 1
    return tf.raw_ops.StridedSlice(
        input=values,
        begin=begin,
        end=end,
        strides=strides,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=options["ellipsisMask"],
        new_axis_mask=options["newAxisMask"],
        shrink_axis_mask=options["shrinkAxisMask"],
    )


@operator("SLICE")
def slice_(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """From a place, of a size."""
    values, begin, size = inputs
    if _of_images(op) and _is_whole(op, begin[0], begin[0] + size[0]):
        size = [-1, *size[1:]]
    return tf.slice(values, begin, size)


@operator("TILE")
def tile(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Several times over."""
    del op
    return tf.tile(*inputs)


@operator("BROADCAST_TO")
def broadcast_to(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """To a shape; as many images as there are."""
    values, wanted = inputs
    # In a file for one image it is a constant.
    same = isinstance(wanted, np.ndarray) and values.shape.rank == wanted.size
    if same and _is_whole(op, 0, wanted[0]):
        wanted = tf.concat([tf.shape(values)[:1], wanted[1:]], axis=0)
    return tf.broadcast_to(values, wanted)


@operator("CAST")
def cast(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """To the type of the output; half precision is float32 here."""
    dtype = op.outputs[0].dtype
    return tf.cast(inputs[0], "float32" if dtype == "float16" else dtype)


def _of_images(op: Operator) -> bool:
    """Whether an operator moves numbers, not the integers of a shape."""
    tensor = op.inputs[-1 if op.name == "SPLIT" else 0]
    return tensor is not None and (
        tensor.dtype.startswith("float")
        or straight_through.is_quantized(tensor)
    )


def _is_reshape_of_images(op: Operator) -> bool:
    """Whether a shape for one image says what it is for several."""
    # Where more than the first size is open, the file computes the shape.
    return _of_images(op) and -1 not in op.outputs[0].signature[1:]


def _reshaped(op: Operator, values: tf.Tensor) -> tf.Tensor:
    """Gives each image's values the shape that the file has for one."""
    shape = op.outputs[0].shape
    return tf.reshape(values, (-1, *shape[1:]) if shape else ())


def _is_whole(op: Operator, begin: Any, end: Any) -> bool:
    tensor = op.inputs[0]
    return tensor is not None and begin == 0 and end == tensor.shape[0]


def _first(values: Any) -> int:
    return int(np.ravel(values)[0])  # a number, or a list of one
