"""Operators that choose: the largest, one of two, or what lies at a place."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE
from advkeras.edge.lift.operators.table import operator

_ENDS = {"ARG_MAX": tf.argmax, "ARG_MIN": tf.argmin}


def _place_of_end(op: Operator, inputs: list[Any]) -> tf.Tensor:
    values, axis = inputs
    dtype = op.outputs[0].dtype
    return _ENDS[op.name](values, int(np.ravel(axis)[0]), dtype)


TABLE.update(dict.fromkeys(_ENDS, _place_of_end))


@operator("TOPK_V2")
def top_k(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """The largest of the last dimension, and where they were."""
    values, k = inputs
    found = tf.math.top_k(values, int(k), index_type=op.outputs[1].dtype)
    return list(found)


@operator("SELECT")
def select(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One of two, of the same shape; or row by row."""
    del op
    where, one, other = inputs
    return tf.raw_ops.Select(condition=where, x=one, y=other)


@operator("SELECT_V2")
def select_v2(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """One of two, each repeated where it is smaller."""
    del op
    return tf.where(*inputs)


@operator("GATHER_ND")
def gather_nd(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Values or slices by their places."""
    del op
    return tf.gather_nd(*inputs)


@operator("SCATTER_ND")
def scatter_nd(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Values or slices to their places, among zeros."""
    if straight_through.is_quantized(op.inputs[1]):
        # Of the zeros of integers it is not said which they are.
        raise ValueError("SCATTER_ND of quantised values")
    return tf.scatter_nd(*inputs)


@operator("EMBEDDING_LOOKUP")
def embedding_lookup(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Rows of a table by their places."""
    del op
    places, rows = inputs
    return tf.gather(rows, places)
