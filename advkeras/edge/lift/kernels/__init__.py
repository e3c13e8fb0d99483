"""What kernels do to integers where it is not the nearest: by operator.

An operator's function computes numbers, and the tensor that it writes takes
the nearest that it can hold. Some kernels take another one: they multiply by
numbers of 8, 15 or 31 bits, round twice, or look values up in a table, and not
every runtime as the others. What is here computes on the integers as they do.
"""

from typing import Any

import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.fixed_point import Kernel
from advkeras.edge.lift.fixed_point import integers
from advkeras.edge.lift.fixed_point import numbers
from advkeras.edge.lift.fixed_point import numbers_of_steps
from advkeras.edge.lift.fixed_point import steps
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.kernels import arithmetic
from advkeras.edge.lift.kernels import curves
from advkeras.edge.lift.kernels import resizing
from advkeras.edge.lift.kernels import scaling
from advkeras.edge.lift.kernels import softmax
from advkeras.edge.lift.operators.table import activated

_KERNELS: dict[str, Kernel] = {
    "AVERAGE_POOL_2D": scaling.average_pool,
    "EXP": curves.exp,
    "LEAKY_RELU": scaling.leaky_relu,
    "LOGISTIC": curves.logistic,
    "MEAN": scaling.mean,
    "QUANTIZE": scaling.quantize,
    "RELU6": scaling.relu6,
    "RESIZE_BILINEAR": resizing.resize_bilinear,
    "SOFTMAX": softmax.softmax,
    "SQRT": curves.sqrt,
    "TANH": curves.tanh,
}


_OF_TWO: dict[str, Kernel] = {
    "ADD": arithmetic.add,
    "MUL": arithmetic.multiply,
    "SUB": arithmetic.subtract,
}


def exactly(op: Operator, values: list[Any]) -> tf.Tensor | None:
    """Returns what a runtime's kernel makes of integers, as numbers.

    Args:
        op: An operator, with the runtime whose kernel it is.
        values: Of its inputs; those that it computes on float32.

    Returns:
        float32, on the grid of what it writes; None where that is the nearest.
    """
    if op.name not in _KERNELS and op.name not in _OF_TWO:
        return None
    # What others read beside the first is sizes and axes.
    given = op.inputs[: 2 if op.name in _OF_TWO else 1]
    written = op.outputs[0]
    for tensor in (*given, written):
        if not straight_through.is_quantized(tensor):
            return None
        quantization = straight_through.quantization_of(tensor)
        if not (quantization.per_tensor and quantization.scale.all()):
            return None
    if op.name in _OF_TWO:
        found = _OF_TWO[op.name](op, *map(steps, values, given))
        made = numbers_of_steps(found, written)
    else:
        found = _KERNELS[op.name](op, integers(values[0], given[0]))
        if found is None:
            return None
        made = numbers(found, written)
    if op.options.get("fusedActivationFunction"):
        return straight_through.as_held(activated(op, made), written)
    return made
