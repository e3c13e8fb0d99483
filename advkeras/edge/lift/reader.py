"""From a .tflite file to a `Graph`: nothing in it is believed unchecked."""

import math
import os
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from advkeras.edge import flatbuffer
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.operators import TABLE

# All tensors for one image, in elements: beyond it a file is broken, or none
# that a small device could hold.
_MOST_ELEMENTS = 1 << 28
_MOST_PIXELS = 1 << 25  # of one image
_MOST_DIMENSIONS = 8
_TYPES = {"float32", "float16", "float64", "int8", "uint8", "int16", "int32"}
_TYPES |= {"int64", "bool"}
_QUANTIZED = {"int8", "uint8", "int16"}
_LARGEST = 1e30  # a scale of which float32 holds the ends, too
# Beside the steps of all else it is 0: converters write it for a layer that is
# dead on all images that they saw.
_SMALLEST = 1e-30
# What may read a tensor that keeps a state, and where.
_STATES = {"UNIDIRECTIONAL_SEQUENCE_LSTM": (18, 19)}


def read(path: str | os.PathLike) -> Graph:
    """Reads a .tflite file: tensors, constants and operators.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, it is not a whole .tflite file, or
            it holds what cannot be read: constants of another size than their
            shape, tensors beyond 2^28 elements for one image, images beyond
            2^25. Or it is whole, and has what cannot be lifted: operators that
            are not known, tensors that keep a state, sparse ones, and types
            that NumPy lacks.
    """
    with flatbuffer.reading(path) as model:
        if not model.SubgraphsLength():
            raise ValueError("no graph")
        main = model.Subgraphs(0)  # others are bodies of loops
        foreign = _foreign(model, main)
        graph = None if foreign else _graph(os.fspath(path), model, main)
    if graph is None:
        raise ValueError(
            "`path` must be a .tflite file that can be lifted. "
            f"Received: path={os.fspath(path)!r} ({foreign})"
        )
    return graph


def _foreign(model: Any, main: Any) -> str | None:
    """Returns what a whole file has that is not supported, if anything.

    Operators first: one that is not known explains the tensors around it.
    """
    for i in range(main.OperatorsLength()):
        name = _name(model, main.Operators(i).OpcodeIndex(), i)
        if name not in TABLE:
            return f"operator {i}, {name}, is not known"
    states = _states(model, main)
    for i in range(main.TensorsLength()):
        stored = main.Tensors(i)
        name = (stored.Name() or b"").decode(errors="replace")
        dtype = flatbuffer.dtype_name(stored)
        if stored.IsVariable() and i not in states:
            return f"tensor {i}, {name!r}, keeps a state"
        if stored.Sparsity() is not None:
            return f"tensor {i}, {name!r}, is sparse"
        if dtype not in _TYPES:
            return f"tensor {i}, {name!r}, is of type {dtype}"
    return None


def _states(model: Any, main: Any) -> set[int]:
    """Returns the tensors that are nothing but states that are known."""
    states: set[int] = set()
    others: set[int] = set()
    for i in range(main.OperatorsLength()):
        stored = main.Operators(i)
        known = _STATES.get(_name(model, stored.OpcodeIndex(), i), ())
        for k in range(stored.InputsLength()):
            (states if k in known else others).add(stored.Inputs(k))
    return states - others


def _graph(path: str, model: Any, main: Any) -> Graph:
    """Returns all of a file whose tensors and operators are supported."""
    _check_sizes(main)
    tensors = tuple(
        _tensor(model, main.Tensors(i), i) for i in range(main.TensorsLength())
    )
    operators = tuple(
        _operator(model, main.Operators(i), i, tensors)
        for i in range(main.OperatorsLength())
    )
    graph = Graph(
        path=path,
        tensors=tensors,
        operators=operators,
        inputs=_listed(main.Inputs, main.InputsLength(), tensors),
        outputs=_listed(main.Outputs, main.OutputsLength(), tensors),
    )
    for tensor in graph.inputs:
        if math.prod(tensor.shape) > _MOST_PIXELS:
            raise ValueError(f"its input is of shape {tensor.shape}")
    _check_order(graph)
    return graph


def _check_sizes(main: Any) -> None:
    """Raises ValueError if the shapes are too large, before any is filled."""
    held = 0
    for i in range(main.TensorsLength()):
        stored = main.Tensors(i)
        if stored.ShapeLength() > _MOST_DIMENSIONS:
            raise ValueError(f"tensor {i} has {stored.ShapeLength()} sizes")
        shape = [stored.Shape(k) for k in range(stored.ShapeLength())]
        if min(shape, default=0) < 0:
            raise ValueError(f"tensor {i} has shape {tuple(shape)}")
        held += math.prod(shape)
        # One buffer may be that of many tensors.
        if held > _MOST_ELEMENTS:
            raise ValueError(f"its tensors have {held} elements")


def _tensor(model: Any, stored: Any, index: int) -> Tensor:
    name = (stored.Name() or b"").decode(errors="replace")
    dtype = flatbuffer.dtype_name(stored)
    shape = tuple(int(size) for size in _vector(stored.ShapeAsNumpy()))
    signature = tuple(int(s) for s in _vector(stored.ShapeSignatureAsNumpy()))
    if len(signature) != len(shape):
        signature = shape
    data = _data(model, stored, dtype, shape, index)
    quantization = _quantization(stored, shape, dtype, index, data is not None)
    if stored.IsVariable():  # 0, before the first step
        zero = 0 if quantization is None else quantization.zero_point[0]
        data = np.full(shape, zero, dtype)
    return Tensor(
        index=index,
        name=name,
        dtype=dtype,
        shape=shape,
        signature=signature,
        quantization=quantization,
        data=data,
    )


def _quantization(
    stored: Any,
    shape: tuple[int, ...],
    dtype: str,
    index: int,
    constant: bool,
) -> Quantization | None:
    table = stored.Quantization()
    if table is None or not table.ScaleLength():
        return None
    scale = np.array(table.ScaleAsNumpy(), np.float32)
    zero_point = _vector(table.ZeroPointAsNumpy()).astype(np.int64)
    if not len(zero_point):
        zero_point = np.zeros(len(scale), np.int64)
    axis = table.QuantizedDimension()
    if len(shape) == 1:
        axis = 0  # old converters wrote the filters' dimension to a bias, too
    fits = len(scale) == 1 or (
        0 <= axis < len(shape) and shape[axis] == len(scale)
    )
    if len(zero_point) != len(scale) or not fits:
        raise ValueError(
            f"tensor {index} has {len(scale)} scales and {len(zero_point)} "
            f"zero points along dimension {axis} of {shape}"
        )
    if not ((scale >= 0) & (scale < _LARGEST)).all():
        raise ValueError(f"tensor {index} has scales that are no lengths")
    if dtype in _QUANTIZED:
        ends = np.iinfo(dtype)
        if zero_point.min() < ends.min or zero_point.max() > ends.max:
            raise ValueError(f"tensor {index} cannot hold its zero point")
    # A filter of which all is 0 has no other scale; but some converters write
    # a 0 for what is not quantised.
    if not scale.any() and not (constant and dtype in _QUANTIZED):
        return None
    scale[scale < _SMALLEST] = 0
    return Quantization(scale, zero_point, axis)


def _data(
    model: Any, stored: Any, dtype: str, shape: tuple[int, ...], index: int
) -> np.ndarray | None:
    number = stored.Buffer()
    if not 0 <= number < model.BuffersLength():
        raise ValueError(f"tensor {index} lies in buffer {number}")
    buffer = model.Buffers(number)
    if buffer.Size():  # of more than 2 GB, behind all else
        raise ValueError(f"tensor {index} lies outside the flatbuffer")
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if not buffer.DataLength():
        # A list of no numbers is a constant too, such as a scalar's shape.
        return np.zeros(shape, dtype) if shape == (0,) else None
    if buffer.DataLength() != expected:
        raise ValueError(
            f"tensor {index} of shape {shape} has {buffer.DataLength()} bytes"
        )
    content: np.ndarray = buffer.DataAsNumpy()
    return np.frombuffer(content.tobytes(), dtype).reshape(shape)


def _operator(
    model: Any, stored: Any, index: int, tensors: tuple[Tensor, ...]
) -> Operator:
    options = schema.BuiltinOptionsCreator(
        stored.BuiltinOptionsType(), stored.BuiltinOptions()
    )
    inputs = [stored.Inputs(i) for i in range(stored.InputsLength())]
    return Operator(
        index=index,
        name=_name(model, stored.OpcodeIndex(), index),
        inputs=tuple(
            None if i == -1 else _at(tensors, i)  # an optional one left out
            for i in inputs
        ),
        outputs=_listed(stored.Outputs, stored.OutputsLength(), tensors),
        options={} if options is None else vars(options),
    )


def _name(model: Any, number: int, index: int) -> str:
    if not 0 <= number < model.OperatorCodesLength():
        raise ValueError(f"operator {index} has code {number}")
    return flatbuffer.operator_name(model.OperatorCodes(number))


def _listed(
    at: Any, length: int, tensors: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    return tuple(_at(tensors, at(i)) for i in range(length))


def _at(tensors: tuple[Tensor, ...], index: int) -> Tensor:
    if not 0 <= index < len(tensors):
        raise ValueError(f"no tensor {index}")
    return tensors[index]


def _check_order(graph: Graph) -> None:
    """Raises ValueError unless everything is there before it is read."""
    known = {t.index for t in graph.tensors if t.data is not None}
    known |= {t.index for t in graph.inputs}
    for operator in graph.operators:
        for tensor in operator.inputs:
            if tensor is not None and tensor.index not in known:
                raise ValueError(
                    f"{operator} reads tensor {tensor.index}, which nothing "
                    "wrote before"
                )
        written = {tensor.index for tensor in operator.outputs}
        if written & known:
            raise ValueError(f"{operator} writes what is there already")
        known |= written
    for tensor in graph.outputs:
        if tensor.index not in known:
            raise ValueError(f"nothing writes the output, {tensor.index}")


def _vector(values: Any) -> np.ndarray:
    # The generated reader returns 0 for a list that is not there.
    return values if isinstance(values, np.ndarray) else np.zeros(0, np.int64)
