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

# All tensors for one image, in elements: beyond it a file is broken, or none
# that a small device could hold.
_MOST_ELEMENTS = 1 << 28
_MOST_PIXELS = 1 << 25  # of one image
_MOST_DIMENSIONS = 8
_TYPES = {"float32", "float16", "float64", "int8", "uint8", "int16", "int32"}
_TYPES |= {"int64", "bool"}
_QUANTIZED = {"int8", "uint8", "int16"}
_SCALES = (1e-30, 1e30)  # of which float32 holds the ends, too


def read(path: str | os.PathLike) -> Graph:
    """Reads a .tflite file: tensors, constants and operators.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, it is not a whole .tflite file, or
            it holds what cannot be read: constants of another size than their
            shape, types that NumPy lacks, tensors beyond 2^28 elements for one
            image, images beyond 2^25.
    """
    with flatbuffer.reading(path) as model:
        if not model.SubgraphsLength():
            raise ValueError("no graph")
        main = model.Subgraphs(0)  # others are bodies of loops
        _check_sizes(main)
        tensors = tuple(
            _tensor(model, main.Tensors(i), i)
            for i in range(main.TensorsLength())
        )
        operators = tuple(
            _operator(model, main.Operators(i), i, tensors)
            for i in range(main.OperatorsLength())
        )
        graph = Graph(
            path=os.fspath(path),
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
    if dtype not in _TYPES:
        raise ValueError(f"tensor {index}, {name!r}, is of type {dtype}")
    if stored.Sparsity() is not None:
        raise ValueError(f"tensor {index}, {name!r}, is sparse")
    shape = tuple(int(size) for size in _vector(stored.ShapeAsNumpy()))
    signature = tuple(int(s) for s in _vector(stored.ShapeSignatureAsNumpy()))
    if len(signature) != len(shape):
        signature = shape
    return Tensor(
        index=index,
        name=name,
        dtype=dtype,
        shape=shape,
        signature=signature,
        quantization=_quantization(stored, shape, dtype, index),
        data=_data(model, stored, dtype, shape, index),
    )


def _quantization(
    stored: Any, shape: tuple[int, ...], dtype: str, index: int
) -> Quantization | None:
    table = stored.Quantization()
    if table is None or not table.ScaleLength():
        return None
    scale = np.array(table.ScaleAsNumpy(), np.float32)
    zero_point = _vector(table.ZeroPointAsNumpy()).astype(np.int64)
    if not len(zero_point):
        zero_point = np.zeros(len(scale), np.int64)
    axis = table.QuantizedDimension()
    fits = len(scale) == 1 or (
        0 <= axis < len(shape) and shape[axis] == len(scale)
    )
    if len(zero_point) != len(scale) or not fits:
        raise ValueError(
            f"tensor {index} has {len(scale)} scales and {len(zero_point)} "
            f"zero points along dimension {axis} of {shape}"
        )
    # Some converters write a scale of 0 for what is not quantised.
    sound = (scale == 0) | ((scale > _SCALES[0]) & (scale < _SCALES[1]))
    if not sound.all():
        raise ValueError(f"tensor {index} has scales that are no lengths")
    if dtype in _QUANTIZED:
        ends = np.iinfo(dtype)
        if zero_point.min() < ends.min or zero_point.max() > ends.max:
            raise ValueError(f"tensor {index} cannot hold its zero point")
    return Quantization(scale, zero_point, axis) if scale.all() else None


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
    number = stored.OpcodeIndex()
    if not 0 <= number < model.OperatorCodesLength():
        raise ValueError(f"operator {index} has code {number}")
    options = schema.BuiltinOptionsCreator(
        stored.BuiltinOptionsType(), stored.BuiltinOptions()
    )
    inputs = [stored.Inputs(i) for i in range(stored.InputsLength())]
    return Operator(
        index=index,
        name=flatbuffer.operator_name(model.OperatorCodes(number)),
        inputs=tuple(
            None if i == -1 else _at(tensors, i)  # an optional one left out
            for i in inputs
        ),
        outputs=_listed(stored.Outputs, stored.OutputsLength(), tensors),
        options={} if options is None else vars(options),
    )


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
