"""From the tensors of the format to `Tensor`s, none believed unchecked."""

import math
from typing import Any

import numpy as np

from advkeras.edge import flatbuffer
from advkeras.edge.lift import sparse
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor

# All tensors for one image, in elements: beyond it a file is broken, or none
# that a small device could hold.
_MOST_ELEMENTS = 1 << 28
_MOST_DIMENSIONS = 8
_QUANTIZED = {"int8", "uint8", "int16"}
_LARGEST = 1e30  # a scale of which float32 holds the ends, too
# Beside the steps of all else it is 0: converters write it for a layer that is
# dead on all images that they saw.
_SMALLEST = 1e-30


def tensors_of(model: Any, graph: Any) -> tuple[Tensor, ...]:
    """Returns the tensors of a graph, as the format has both.

    Raises:
        ValueError: One of them cannot be.
    """
    _check_sizes(graph)
    return tuple(
        _tensor(model, graph.Tensors(i), i)
        for i in range(graph.TensorsLength())
    )


def _check_sizes(graph: Any) -> None:
    """Raises ValueError if the shapes are too large, before any is filled."""
    held = 0
    for i in range(graph.TensorsLength()):
        stored = graph.Tensors(i)
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
    sparsity = stored.Sparsity()
    if sparsity is not None:
        return _spread(buffer, sparsity, dtype, shape, index)
    if buffer.DataLength() != expected:
        raise ValueError(
            f"tensor {index} of shape {shape} has {buffer.DataLength()} bytes"
        )
    content: np.ndarray = buffer.DataAsNumpy()
    return np.frombuffer(content.tobytes(), dtype).reshape(shape)


def _spread(
    buffer: Any, sparsity: Any, dtype: str, shape: tuple[int, ...], index: int
) -> np.ndarray:
    """Returns a sparse constant as one that is not."""
    if buffer.DataLength() % np.dtype(dtype).itemsize:
        raise ValueError(f"tensor {index} has {buffer.DataLength()} bytes")
    values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype)
    try:
        return sparse.spread(sparsity, values, shape)
    except ValueError as error:
        raise ValueError(f"tensor {index} is sparse: {error}") from error


def _vector(values: Any) -> np.ndarray:
    # The generated reader returns 0 for a list that is not there.
    return values if isinstance(values, np.ndarray) else np.zeros(0, np.int64)
