"""The table of operators, and what every operator may need."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator

# Takes the operator and the values of its inputs (None where one is left
# out): float32 tensors, or integers where they are integers in the file, as
# arrays if they are constant. Returns the values of its outputs: a tensor, or
# a list of several.
Function = Callable[..., Any]

TABLE: dict[str, Function] = {}

_RELU, _RELU_N1_TO_1, _RELU6 = 1, 2, 3


def operator(*names: str) -> Callable[[Function], Function]:
    """Enters a function into the table under the format's names."""

    def enter(function: Function) -> Function:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return enter


def clipped(
    op: Operator, values: tf.Tensor, lower: float, upper: float
) -> tf.Tensor:
    """Clips values to ends that are steps of the tensor that is written.

    Of -1 .. 1 in 255 steps both ends are halves, but for the last bit.
    """
    written = op.outputs[0]
    ends = np.array([lower, upper], np.float32)
    if straight_through.is_quantized(written):
        scale = straight_through.quantization_of(written).scale[0]
        if scale:
            steps = np.abs(ends / scale) + np.float32(0.5)
            ends = np.sign(ends) * np.floor(steps) * scale
    return tf.clip_by_value(values, ends[0], ends[1])


def activated(op: Operator, values: tf.Tensor) -> tf.Tensor:
    """Applies the activation that is fused into an operator.

    The format has two more, TANH and SIGN_BIT, which the kernels pass over.
    """
    kind = op.options.get("fusedActivationFunction", 0)
    if kind == 0:
        return values
    if kind == _RELU:
        return tf.nn.relu(values)
    if kind == _RELU_N1_TO_1:
        return clipped(op, values, -1, 1)
    if kind == _RELU6:
        return tf.nn.relu6(values)
    raise ValueError(f"fused activation {kind}")
