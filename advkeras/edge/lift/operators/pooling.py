"""Pools."""

from typing import Any

import tensorflow as tf

from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.convolutions import PADDINGS
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator

_MOST_WINDOW = 1 << 15  # a side; TensorFlow's kernels crash beyond 2^31 pixels


@operator("AVERAGE_POOL_2D")
def average_pool_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The mean of what lies under a window, without the padding."""
    return _pool(tf.nn.avg_pool2d, op, inputs[0])


@operator("MAX_POOL_2D")
def max_pool_2d(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The largest under a window."""
    return _pool(tf.nn.max_pool2d, op, inputs[0])


def _pool(function: Any, op: Operator, images: tf.Tensor) -> tf.Tensor:
    options = op.options
    window = options["filterHeight"], options["filterWidth"]
    if max(window) > _MOST_WINDOW:
        raise ValueError(f"a window of {window[0]} x {window[1]}")
    found = function(
        images,
        ksize=window,
        strides=(options["strideH"], options["strideW"]),
        padding=PADDINGS[options["padding"]],
    )
    return activated(op, found)
