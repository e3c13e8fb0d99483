"""Images of another size."""

from typing import Any

import tensorflow as tf

from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE
from advkeras.edge.lift.operators.table import operator

_RESIZES = {
    "RESIZE_BILINEAR": tf.raw_ops.ResizeBilinear,
    "RESIZE_NEAREST_NEIGHBOR": tf.raw_ops.ResizeNearestNeighbor,
}


def _resize(op: Operator, inputs: list[Any]) -> tf.Tensor:
    return _RESIZES[op.name](
        images=inputs[0],
        size=inputs[1],
        align_corners=op.options["alignCorners"],
        half_pixel_centers=op.options["halfPixelCenters"],
    )


TABLE.update(dict.fromkeys(_RESIZES, _resize))


@operator("DEPTH_TO_SPACE")
def depth_to_space(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Channels become blocks of pixels."""
    return tf.nn.depth_to_space(inputs[0], op.options["blockSize"])


@operator("SPACE_TO_DEPTH")
def space_to_depth(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Blocks of pixels become channels."""
    return tf.nn.space_to_depth(inputs[0], op.options["blockSize"])


@operator("SPACE_TO_BATCH_ND")
def space_to_batch(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Every so many pixels become an image, as under a dilated filter."""
    del op
    return tf.space_to_batch(*inputs)


@operator("BATCH_TO_SPACE_ND")
def batch_to_space(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The way back."""
    del op
    return tf.batch_to_space(*inputs)
