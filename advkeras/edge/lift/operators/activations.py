"""Functions of one value at a time, and of the scores of a classifier."""

from typing import Any

import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE
from advkeras.edge.lift.operators.table import clipped
from advkeras.edge.lift.operators.table import operator


def _hard_swish(values: tf.Tensor) -> tf.Tensor:
    return values * tf.nn.relu6(values + 3) / 6


_OF_ONE_VALUE = {
    "ABS": tf.abs,
    "CEIL": tf.math.ceil,
    "COS": tf.cos,
    "ELU": tf.nn.elu,
    "EXP": tf.exp,
    "FLOOR": tf.floor,
    "HARD_SWISH": _hard_swish,
    "LOG": tf.math.log,
    "LOGISTIC": tf.sigmoid,
    "NEG": tf.negative,
    "RELU": tf.nn.relu,
    "RELU6": tf.nn.relu6,
    "ROUND": tf.round,
    "RSQRT": tf.math.rsqrt,
    "SIGN": tf.sign,
    "SIN": tf.sin,
    "SQRT": tf.sqrt,
    "SQUARE": tf.square,
    "TANH": tf.tanh,
    # From integers to floats, which are what they stand for.
    "DEQUANTIZE": tf.identity,
}


def _of_one_value(op: Operator, inputs: list[Any]) -> tf.Tensor:
    return _OF_ONE_VALUE[op.name](inputs[0])


TABLE.update(dict.fromkeys(_OF_ONE_VALUE, _of_one_value))


@operator("QUANTIZE")
def quantize(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """From floats; or between two scales, where the tensor written rounds."""
    written = op.outputs[0]
    if straight_through.is_quantized(op.inputs[0]):
        if straight_through.is_quantized(written):
            return inputs[0]
        return straight_through.as_quantized(inputs[0], written, fast=False)
    return straight_through.as_quantized(
        inputs[0], written, op.runtime == "litert"
    )


@operator("RELU_0_TO_1")
def relu_0_to_1(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Clipped to 0 .. 1."""
    return clipped(op, inputs[0], 0, 1)


@operator("RELU_N1_TO_1")
def relu_n1_to_1(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Clipped to -1 .. 1."""
    return clipped(op, inputs[0], -1, 1)


@operator("LEAKY_RELU")
def leaky_relu(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Below 0 the value times alpha."""
    return tf.nn.leaky_relu(inputs[0], op.options["alpha"])


@operator("PRELU")
def prelu(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Below 0 the value times a constant of its place."""
    del op
    values, alpha = inputs
    return tf.nn.relu(values) + alpha * tf.minimum(values, 0)


@operator("GELU")
def gelu(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """The value times the normal distribution's share below it."""
    return tf.nn.gelu(inputs[0], approximate=op.options["approximate"])


@operator("SOFTMAX")
def softmax(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Over the last dimension."""
    return tf.nn.softmax(inputs[0] * op.options["beta"])


@operator("LOG_SOFTMAX")
def log_softmax(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Over the last dimension."""
    del op
    return tf.nn.log_softmax(inputs[0])


@operator("L2_NORMALIZATION")
def l2_normalization(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """Over the last dimension."""
    del op
    return tf.math.l2_normalize(inputs[0], axis=-1, epsilon=1e-12)
