"""Comparisons, the loops that they end, and composites."""

from typing import Any

import tensorflow as tf

from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE
from advkeras.edge.lift.operators.table import operator

_COMPARISONS = {
    "EQUAL": tf.equal,
    "GREATER": tf.greater,
    "GREATER_EQUAL": tf.greater_equal,
    "LESS": tf.less,
    "LESS_EQUAL": tf.less_equal,
    "LOGICAL_AND": tf.logical_and,
    "LOGICAL_NOT": tf.logical_not,
    "LOGICAL_OR": tf.logical_or,
    "NOT_EQUAL": tf.not_equal,
}


def _comparison(op: Operator, inputs: list[Any]) -> tf.Tensor:
    return _COMPARISONS[op.name](*inputs)


TABLE.update(dict.fromkeys(_COMPARISONS, _comparison))


@operator("WHILE")
def while_(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """A part of the file, as many times as a condition holds."""
    steps = op.options["steps"]
    if steps is None:
        raise ValueError("its number of steps depends on the images")
    _, body = op.parts
    kept = [tf.convert_to_tensor(values) for values in inputs]

    def step(*before: tf.Tensor) -> list[tf.Tensor]:
        found = body(before, body.graph.outputs)
        return [tf.convert_to_tensor(values) for values in found]

    # As many images as there are.
    shapes = [
        tf.TensorShape([None, *values.shape[1:]] if values.shape.rank else [])
        for values in kept
    ]
    after: list[tf.Tensor] = tf.while_loop(
        lambda *_: True, step, kept, shapes, maximum_iterations=steps
    )
    return list(after)


@operator("STABLEHLO_COMPOSITE")
def composite(op: Operator, inputs: list[Any]) -> list[tf.Tensor]:
    """A part of the file under a name, such as "odml.group_norm".

    A runtime may have a kernel of that name; what it is made of is in the file.
    """
    (part,) = op.parts
    return list(part(inputs, part.graph.outputs))
