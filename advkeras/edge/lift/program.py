"""A graph that computes: constants in place, every operator checked."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import reasons
from advkeras.edge.lift import kernels
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.operators import TABLE
from advkeras.edge.lift.scores import end_of

# They move values and make none: what was on a tensor's grid still is. (So is
# what QUANTIZE makes of floats.)
_MOVES = {
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "EXPAND_DIMS",
    "FILL",
    "GATHER",
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
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SPLIT_V",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TILE",
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
_ALIKE = 0.05  # of the range of an output: rounding may differ by some steps
_MOST_ELEMENTS = 1 << 28  # of a tensor for one image: 1 GB


class Program:
    """A graph that computes.

    Args:
        graph: What to compute.
        runtime: Whose kernels to compute it as, where these differ.

    Attributes:
        graph: As given, of that runtime.
        runtime: As given.
        each_alone: Whether it has to be given one image at a time, because
            the file mixes what lies along the first dimension.

    Raises:
        ValueError: An operator is unknown, or cannot work as it is written.
    """

    def __init__(self, graph: Graph, runtime: str = "litert"):
        self.runtime = runtime
        self.graph = graph = dataclasses.replace(
            graph,
            operators=tuple(
                dataclasses.replace(operator, runtime=runtime)
                for operator in graph.operators
            ),
        )
        self.each_alone = False
        _check_supported(graph)
        self._end = end_of(graph)
        self._constants: dict[int, Any] = {
            tensor.index: _as_value(straight_through.constant(tensor))
            for tensor in graph.tensors
            if tensor.data is not None
        }
        self._todo = self._fold()
        self._trace(1)  # what is wrong with one image is wrong
        known = not any(-1 in t.signature[1:] for t in graph.inputs)
        alone = [self._tried([row]) for row in (0, 1)] if known else []
        try:
            self._trace(None)
            self.each_alone = known and not self._keeps_images_apart(alone)
        except ValueError:
            self.each_alone = True

    def __call__(
        self, images: list[tf.Tensor], wanted: tuple[Tensor, ...]
    ) -> list[tf.Tensor]:
        """Returns the values of tensors, float32 or integers, (n, ...).

        Args:
            images: For each input of the graph, float32, (n, ...).
            wanted: Tensors of the graph that depend on its inputs.
        """
        if not self.each_alone:
            return self._computed(images, wanted)
        found: list[tf.Tensor] = tf.map_fn(
            lambda rows: self._computed([row[None] for row in rows], wanted),
            images,
            fn_output_signature=[
                tf.TensorSpec(
                    (None, *_rest(tensor)) if tensor.shape else (),
                    _computed_dtype(tensor),
                )
                for tensor in wanted
            ],
        )
        return [
            tf.reshape(values, tf.concat([[-1], tf.shape(values)[2:]], axis=0))
            for values in found
        ]

    def depends_on_images(self) -> tuple[Tensor, ...]:
        """Returns the tensors that are not constant, as they are computed."""
        written = [t for operator in self._todo for t in operator.outputs]
        return (*self.graph.inputs, *written)

    def _computed(
        self, images: list[tf.Tensor], wanted: tuple[Tensor, ...]
    ) -> list[tf.Tensor]:
        values = dict(self._constants)
        for tensor, given in zip(self.graph.inputs, images, strict=True):
            if straight_through.is_quantized(tensor):
                given = straight_through.as_shown(given, tensor)
            elif straight_through.is_whole(tensor):
                given = straight_through.as_whole(given, tensor)
            values[tensor.index] = given
        last = {tensor.index for tensor in wanted} - set(values)
        for operator in self._todo:
            if not last:
                break
            found = _run(operator, values, self._end)
            for tensor, value in zip(operator.outputs, found, strict=True):
                values[tensor.index] = value
                last.discard(tensor.index)
        return [values[tensor.index] for tensor in wanted]

    def _fold(self) -> list[Operator]:
        """Computes what is constant; returns the operators that are left."""
        left = []
        for operator in self.graph.operators:
            known = all(
                tensor is None or tensor.index in self._constants
                for tensor in operator.inputs
            )
            if not known:
                left.append(operator)
                continue
            # Traced before it runs: shapes are checked without their memory.
            if operator.name != "DEQUANTIZE":
                tf.function(
                    lambda op=operator: _run(op, self._constants),
                    autograph=False,
                ).get_concrete_function()
            found = _run(operator, self._constants)
            for tensor, value in zip(operator.outputs, found, strict=True):
                self._constants[tensor.index] = _as_value(value.numpy())
        return left

    def _trace(self, rows: int | None) -> None:
        """Raises ValueError unless all shapes are as the file has them."""
        outputs = self.graph.outputs
        tf.function(
            lambda *images: self._computed(list(images), outputs),
            input_signature=[
                tf.TensorSpec((rows, *_rest(tensor)), tf.float32)
                for tensor in self.graph.inputs
            ],
            autograph=False,
        ).get_concrete_function()

    def _tried(self, rows: list[int]) -> list[np.ndarray]:
        """Returns the outputs for some of two images of noise."""
        random = np.random.default_rng(0)
        images = []
        for tensor in self.graph.inputs:
            lower, upper = straight_through.input_limits(
                self.graph, tensor
            ) or (0.0, 1.0)
            noise = random.random((2, *tensor.shape[1:]), np.float32)
            noise[1] *= 2 / 3  # of less contrast: no twin
            images.append(tf.constant(lower + (upper - lower) * noise[rows]))
        found = self._computed(images, self.graph.outputs)
        return [np.atleast_1d(values) for values in found]

    def _keeps_images_apart(self, alone: list[list[np.ndarray]]) -> bool:
        """Whether two images give what each gives alone."""
        for together, *each in zip(self._tried([0, 1]), *alone, strict=True):
            one_by_one = np.concatenate(each)
            if together.shape != one_by_one.shape:
                return False
            error = np.abs(together - one_by_one).max(initial=0)
            # A NaN says nothing.
            if not error <= _ALIKE * np.ptp(one_by_one):
                return False
        return True


def _run(
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
        value = tf.ensure_shape(value, (None, *_rest(tensor)))
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


def _check_supported(graph: Graph) -> None:
    if not (graph.inputs and graph.outputs):
        raise ValueError(
            f"{len(graph.inputs)} inputs, {len(graph.outputs)} outputs"
        )
    for tensor in (*graph.inputs, *graph.outputs):
        if tensor.dtype == "bool":
            raise ValueError(f"tensor {tensor.index} is of type bool")
    for tensor in graph.inputs:
        if tensor.dtype in ("int32", "int64") and tensor.quantization:
            raise ValueError(
                f"input {tensor.index} is {tensor.dtype} of a scale"
            )
    for operator in graph.operators:
        for tensor in operator.outputs:
            quantization = tensor.quantization
            if quantization is not None and not quantization.per_tensor:
                raise ValueError(
                    f"{operator}, writes activations of several scales"
                )


def _as_value(data: np.ndarray) -> Any:
    # Integers stay arrays: TensorFlow wants axes and shapes while it traces.
    return tf.constant(data) if data.dtype.kind == "f" else data


def _computed_dtype(tensor: Tensor) -> str:
    if straight_through.is_quantized(tensor) or tensor.dtype == "float16":
        return "float32"
    return tensor.dtype


def _rest(tensor: Tensor) -> list[int | None]:
    """Returns the shape of a tensor but for how many images."""
    return [None if size == -1 else size for size in tensor.signature[1:]]
