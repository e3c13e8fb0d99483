"""Operators one after the other: what computes a graph, or part of one."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import reasons
from advkeras.edge.lift import kernels
from advkeras.edge.lift import loops
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.operators import TABLE

# They move values and make none: what was on a tensor's grid still is. (So is
# what QUANTIZE makes of floats.)
_MOVES = {
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "EMBEDDING_LOOKUP",
    "EXPAND_DIMS",
    "FILL",
    "GATHER",
    "GATHER_ND",
    "MAX_POOL_2D",
    "MAXIMUM",
    "MINIMUM",
    "MIRROR_PAD",
    "PACK",
    "PAD",
    "PADV2",
    "QUANTIZE",
    "REDUCE_MAX",
    "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR",
    "REVERSE_V2",
    "SELECT",
    "SELECT_V2",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TILE",
    "TOPK_V2",
    "TRANSPOSE",
    "UNPACK",
}
# What TensorFlow and the functions of operators raise where a file is wrong.
_WRONG = (
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    tf.errors.OpError,
)
_MOST_ELEMENTS = 1 << 28  # of a tensor for one image: 1 GB


class Computation:
    """The operators of a graph, with all that is constant in place.

    Args:
        graph: What to compute.
        runtime: Whose kernels to compute it as, where these differ.

    Attributes:
        graph: As given, of that runtime.
        todo: Its operators that depend on its inputs.

    Raises:
        ValueError: An operator cannot work as it is written.
    """

    def __init__(self, graph: Graph, runtime: str):
        self.graph = dataclasses.replace(
            graph,
            operators=tuple(
                dataclasses.replace(
                    operator,
                    runtime=runtime,
                    parts=tuple(
                        Computation(part, runtime) for part in operator.graphs
                    ),
                )
                for operator in graph.operators
            ),
        )
        self._constants: dict[int, Any] = {
            tensor.index: _as_value(straight_through.constant(tensor))
            for tensor in graph.tensors
            if tensor.data is not None
        }
        self.todo = self._fold()

    def __call__(
        self,
        given: Sequence[Any],
        wanted: Sequence[Tensor],
        scores: frozenset[int] = frozenset(),
    ) -> list[Any]:
        """Returns the values of tensors.

        Args:
            given: Values of the inputs, as their tensors hold them.
            wanted: Tensors of the graph.
            scores: Indices of tensors past whose ends all of the gradient
                goes.
        """
        values = dict(self._constants)
        for tensor, value in zip(self.graph.inputs, given, strict=True):
            values[tensor.index] = value
        last = {tensor.index for tensor in wanted} - set(values)
        for operator in self.todo:
            if not last:
                break
            found = run(operator, values, scores)
            for tensor, value in zip(operator.outputs, found, strict=True):
                values[tensor.index] = value
                last.discard(tensor.index)
        return [values[tensor.index] for tensor in wanted]

    def known(self, given: dict[int, np.ndarray]) -> dict[int, Any]:
        """Returns what follows of some inputs alone, by index.

        Args:
            given: Values by index.
        """
        values = {**self._constants, **given}
        for operator in self.todo:
            if _is_known(operator, values):
                _compute(operator, values)
        return values

    def _fold(self) -> tuple[Operator, ...]:
        """Computes what is constant; returns the operators that are left."""
        left = []
        for operator in self.graph.operators:
            if operator.name == "WHILE":
                operator = loops.counted(operator, self._constants)
            if not _is_known(operator, self._constants):
                left.append(operator)
                continue
            # Traced before it runs: shapes are checked without their memory.
            if operator.name != "DEQUANTIZE":
                tf.function(
                    lambda op=operator: run(op, self._constants),
                    autograph=False,
                ).get_concrete_function()
            _compute(operator, self._constants)
        return tuple(left)


def _is_known(operator: Operator, values: dict[int, Any]) -> bool:
    return all(
        tensor is None or tensor.index in values for tensor in operator.inputs
    )


def _compute(operator: Operator, values: dict[int, Any]) -> None:
    """Adds what an operator writes, as constants."""
    found = run(operator, values)
    for tensor, value in zip(operator.outputs, found, strict=True):
        values[tensor.index] = _as_value(value.numpy())


def run(
    operator: Operator,
    values: dict[int, Any],
    scores: frozenset[int] = frozenset(),
) -> list[tf.Tensor]:
    """Computes one operator; its error says which one it was."""
    inputs = [t if t is None else values[t.index] for t in operator.inputs]
    try:
        found = TABLE[operator.name](operator, inputs)
        several = isinstance(found, list)
        outputs = found if several else [found]
        if len(outputs) != len(operator.outputs):
            raise ValueError(f"{len(outputs)} outputs")
        exact = None if several else kernels.exactly(operator, inputs)
        return [
            _written(operator, tensor, value, tensor.index in scores, exact)
            for tensor, value in zip(operator.outputs, outputs, strict=True)
        ]
    except _WRONG as error:
        raise ValueError(
            f"{operator}, cannot work as the file has it "
            f"({_reason(operator, values, error)})"
        ) from error


def _reason(
    operator: Operator, values: dict[int, Any], error: Exception
) -> str:
    """Returns why an operator cannot work, on one line."""
    # What a function wants to know while it traces, and is only computed then.
    if isinstance(error, (TypeError, AttributeError)):
        for tensor in operator.inputs:
            if (
                tensor is not None
                and tensor.dtype in ("int32", "int64")
                and not isinstance(values[tensor.index], np.ndarray)
            ):
                return (
                    f"tensor {tensor.index}, {tensor.name!r}, of shape "
                    f"{tensor.shape}, has to be a constant"
                )
    return reasons.of(error)


def _written(
    operator: Operator,
    tensor: Tensor,
    value: Any,
    score: bool,
    exact: tf.Tensor | None,
) -> tf.Tensor:
    """Returns a value as the tensor that it is written to holds it.

    Args:
        operator: What wrote it.
        tensor: Where.
        value: As numbers are computed.
        score: Whether all of the gradient passes the ends of its range.
        exact: As the kernel computes it, where that may be another number.
    """
    value = tf.convert_to_tensor(value)
    if tensor.shape:
        value = tf.ensure_shape(value, (None, *rest_of(tensor)))
    elements = value.shape.num_elements()
    if elements is not None and elements > _MOST_ELEMENTS:
        raise ValueError(f"{elements} elements")
    if not straight_through.is_quantized(tensor):
        return value
    moved = (
        operator.name in _MOVES
        and not operator.options.get("fusedActivationFunction")
        and all(
            straight_through.same_grid(given, tensor)
            for given in operator.inputs
            if straight_through.is_quantized(given)
        )
    )
    if moved:
        if exact is None:
            return value
        return straight_through.instead(exact, value)
    if exact is None:
        return straight_through.as_held(value, tensor, score)
    return straight_through.as_found(exact, value, tensor, score)


def _as_value(data: np.ndarray) -> Any:
    # Integers stay arrays: TensorFlow wants axes and shapes while it traces.
    return tf.constant(data) if data.dtype.kind == "f" else data


def rest_of(tensor: Tensor) -> list[int | None]:
    """Returns the shape of a tensor but for how many images."""
    return [None if size == -1 else size for size in tensor.signature[1:]]
