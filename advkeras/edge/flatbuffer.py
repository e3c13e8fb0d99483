"""What a .tflite file says of itself, read without an interpreter."""

import contextlib
import dataclasses
import os
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3
# They pass numbers between float and integer, and compute nothing.
_CONVERSIONS = ("DEQUANTIZE", "QUANTIZE")
# They change the form of scores, and not what they are.
_FORMS = (*_CONVERSIONS, "CAST", "EXPAND_DIMS", "RESHAPE", "SQUEEZE")
# What the generated reader raises where offsets lead out of the file, or to
# something else than they should.
_BROKEN = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """An input or output of a model.

    Attributes:
        name: Its name in the file.
        dtype: NumPy's name of its type.
        shape: Its shape; -1 where any size will do.
        scale: Step of the quantisation; None where it is not quantised.
        zero_point: The integer that stands for 0; None likewise.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None

    def to_json(self) -> dict[str, Any]:
        """Returns what is of interest for a card."""
        return {
            "dtype": self.dtype,
            "shape": list(self.shape),
            "scale": self.scale,
            "zero_point": self.zero_point,
        }


@dataclasses.dataclass(frozen=True)
class Description:
    """What a .tflite file holds.

    Attributes:
        input: The model's only input.
        output: The model's only output.
        operators: How many operators there are of each name, in the order of
            the graph; a custom operator by its own name.
        float_operators: Those of them that compute floating-point numbers. A
            converter leaves such ones in an integer model where there is no
            integer kernel.
    """

    input: TensorInfo
    output: TensorInfo
    operators: dict[str, int]
    float_operators: dict[str, int]


def describe(path: str | os.PathLike) -> Description:
    """Reads a .tflite file of one input and one output.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, or it is not a whole .tflite file,
            or it has several inputs or outputs.
    """
    with reading(path) as model:
        return _describe(model)


def last_operator(path: str | os.PathLike) -> str | None:
    """Returns the name of the operator that makes a file's first output.

    What changes no more than its form or type is passed over. None where
    nothing makes it.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, or it is not a whole .tflite file.
    """
    with reading(path) as model:
        main = model.Subgraphs(0)
        writers = {
            operator.Outputs(i): operator
            for operator in _operators(main)
            for i in range(operator.OutputsLength())
        }
        wanted = main.Outputs(0)
        while (operator := writers.pop(wanted, None)) is not None:
            name = operator_name(model.OperatorCodes(operator.OpcodeIndex()))
            if name not in _FORMS:
                return name
            wanted = operator.Inputs(0)
        return None


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[Any]:
    """Opens a .tflite file: yields the root of its flatbuffer.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, or it is not a whole .tflite file;
            also for what the reader of a broken one meets in the `with` block.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _refusal(path, error.strerror) from error
    if content[4:8] != _IDENTIFIER:
        raise _refusal(path, "it does not begin as one")
    try:
        model = schema.Model.GetRootAs(content)
        _check_whole(model, len(content))
        yield model
    except _BROKEN as error:
        reason = f"{type(error).__name__}: {error}"
        raise _refusal(path, reason) from error


def _refusal(path: str | os.PathLike, reason: object) -> ValueError:
    return ValueError(
        "`path` must be a whole .tflite file that can be read. "
        f"Received: path={os.fspath(path)!r} ({reason})"
    )


def _check_whole(model: Any, size: int) -> None:
    """Raises ValueError if the model refers to more than its file holds.

    A reader of flatbuffers believes every length that it finds: a truncated
    file may read well, with weights missing, and a malicious one without end.

    Args:
        model: The root of the file.
        size: Bytes of the file.
    """
    if model.Version() != _SCHEMA_VERSION:
        raise ValueError(f"version {model.Version()} of the format")
    listed = 0
    for length in _lengths(model):
        listed += length
        if listed > size // 4:  # an element takes four bytes
            raise ValueError("it lists more than it holds")
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        # Weights of more than 2 GB lie behind all else, at an offset.
        end = buffer.Offset() + buffer.Size()
        if buffer.DataLength():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            end = max(end, start + buffer.DataLength())
        if end > size:
            raise ValueError("weights are missing at its end")


def _lengths(model: Any) -> Iterator[int]:
    """Yields the length of each list before anything walks along it."""
    yield model.BuffersLength()
    yield model.OperatorCodesLength()
    yield model.SubgraphsLength()
    yield model.SignatureDefsLength()
    for i in range(model.SignatureDefsLength()):
        yield model.SignatureDefs(i).OutputsLength()
    for graph in _graphs(model):
        yield graph.TensorsLength()
        yield graph.InputsLength()
        yield graph.OutputsLength()
        yield graph.OperatorsLength()
        for operator in _operators(graph):
            yield operator.InputsLength()
            yield operator.OutputsLength()


def _describe(model: Any) -> Description:
    graphs = list(_graphs(model))
    if not graphs:
        raise ValueError("no graph")
    main = graphs[0]
    if (main.InputsLength(), main.OutputsLength()) != (1, 1):
        raise ValueError(
            f"{main.InputsLength()} inputs, {main.OutputsLength()} outputs"
        )
    names = [
        operator_name(model.OperatorCodes(i))
        for i in range(model.OperatorCodesLength())
    ]
    every: Counter[str] = Counter()
    floating: Counter[str] = Counter()
    for graph in graphs:  # the others are bodies of loops and conditions
        floats = {
            i
            for i in range(graph.TensorsLength())
            if dtype_name(graph.Tensors(i)).startswith(("float", "bfloat"))
        }
        for operator in _operators(graph):
            name = names[operator.OpcodeIndex()]
            every[name] += 1
            inputs = map(operator.Inputs, range(operator.InputsLength()))
            outputs = map(operator.Outputs, range(operator.OutputsLength()))
            if name not in _CONVERSIONS and floats & {*inputs, *outputs}:
                floating[name] += 1
    return Description(
        input=tensor_info(main, main.Inputs(0)),
        output=tensor_info(main, main.Outputs(0)),
        operators=dict(every),
        float_operators=dict(floating),
    )


def _graphs(model: Any) -> Iterator[Any]:
    return map(model.Subgraphs, range(model.SubgraphsLength()))


def _operators(graph: Any) -> Iterator[Any]:
    return map(graph.Operators, range(graph.OperatorsLength()))


def operator_name(code: Any) -> str:
    """Returns the name of an operator's code, a custom one's own."""
    # Older files have only the first, newer ones 127 there for what it
    # cannot hold.
    number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
    if number == schema.BuiltinOperator.CUSTOM:
        return (code.CustomCode() or b"CUSTOM").decode(errors="replace")
    return _OPERATORS.get(number, f"BUILTIN_{number}")


def tensor_info(graph: Any, index: int) -> TensorInfo:
    """Returns what a graph says of one of its tensors.

    Raises:
        ValueError: It has no such tensor.
    """
    if not 0 <= index < graph.TensorsLength():
        raise ValueError(f"no tensor {index}")
    tensor = graph.Tensors(index)
    # The signature has -1 where the shape has the 1 of a batch.
    if tensor.ShapeSignatureLength():
        sizes = map(tensor.ShapeSignature, range(tensor.ShapeSignatureLength()))
    else:
        sizes = map(tensor.Shape, range(tensor.ShapeLength()))
    quantization = tensor.Quantization()
    quantized = quantization is not None and quantization.ScaleLength() == 1
    return TensorInfo(
        name=tensor.Name().decode(),
        dtype=dtype_name(tensor),
        shape=tuple(sizes),
        scale=quantization.Scale(0) if quantized else None,
        zero_point=quantization.ZeroPoint(0) if quantized else None,
    )


def dtype_name(tensor: Any) -> str:
    """Returns NumPy's name of the type of a tensor of the format."""
    return _DTYPES[tensor.Type()]


def _names(enumeration: type) -> dict[int, str]:
    members = vars(enumeration).items()
    return {v: k for k, v in members if not k.startswith("_")}


_OPERATORS = _names(schema.BuiltinOperator)
_DTYPES = {v: k.lower() for v, k in _names(schema.TensorType).items()}
