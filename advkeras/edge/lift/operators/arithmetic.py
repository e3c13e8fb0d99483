"""Arithmetic of two or more tensors."""

import functools
from typing import Any

import tensorflow as tf

from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator


def _divide(first: Any, second: Any) -> tf.Tensor:
    if tf.convert_to_tensor(first).dtype.is_integer:
        return tf.truncatediv(first, second)  # sizes stay integers
    return tf.divide(first, second)


_OF_TWO = {
    "ADD": tf.add,
    "ATAN2": tf.atan2,
    "DIV": _divide,
    "FLOOR_DIV": tf.math.floordiv,
    "FLOOR_MOD": tf.math.floormod,
    "MAXIMUM": tf.maximum,
    "MINIMUM": tf.minimum,
    "MUL": tf.multiply,
    "POW": tf.pow,
    "SQUARED_DIFFERENCE": tf.math.squared_difference,
    "SUB": tf.subtract,
}


def _of_two(op: Operator, inputs: list[Any]) -> tf.Tensor:
    return activated(op, _OF_TWO[op.name](*inputs))


TABLE.update(dict.fromkeys(_OF_TWO, _of_two))


@operator("ADD_N")
def add_n(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The sum of all."""
    del op
    return functools.reduce(tf.add, inputs)
