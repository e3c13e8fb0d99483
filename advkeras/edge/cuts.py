"""Cuts: copies of a .tflite file that end after one of its operators."""

import copy
import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from advkeras import datasets
from advkeras.edge import flatbuffer
from advkeras.edge.runtimes.child import Child
from advkeras.edge.standalone import run_on_device

_COMPARED = ("float32", "int8", "uint8", "int16")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a file can be cut: a tensor that depends on the images.

    Attributes:
        operator: Number of the operator that writes it.
        kind: What the format calls that.
        tensor: Number of the tensor.
        name: Its name.
        scale: Of its quantisation; None where it has none.
        zero_point: Likewise.
        step: What differences are counted in, in units of its values.
        reads: Numbers of the places that the operator reads.
    """

    operator: int
    kind: str
    tensor: int
    name: str
    scale: float | None
    zero_point: int | None
    step: float
    reads: tuple[int, ...]


class Cuts:
    """A .tflite file, cut after its operators, and images for it.

    What a runtime writes inside a file is seen as the output of a copy that
    ends there: it holds for runtimes that show nothing but outputs, and no
    kernels are switched off to look. A file that ends in a DEQUANTIZE is cut
    into such as do, too, for runtimes that return no integers; the integers
    are read from the floats.

    Args:
        path: The .tflite file, of one input and one output.
        images: float32, (n, height, width, channels); all run at once.
        timeout: Seconds that one answer may take.

    Attributes:
        images: The images.
        places: Where it is cut, in the order of its operators; the last is
            its output.

    Raises:
        ValueError: There is no such file, or it cannot be read; its output
            does not depend on images, or cannot be compared; or the images do
            not fit.
    """

    def __init__(
        self, path: str | os.PathLike, images: Any, timeout: float = 300.0
    ):
        about = flatbuffer.describe(path)
        with flatbuffer.reading(path) as stored:
            self._model = schema.ModelT.InitFromObj(stored)
            places = list(_places(self._model, stored))
        (output,) = self._model.subgraphs[0].outputs
        tensors = [place.tensor for place in places]
        if output not in tensors:
            raise ValueError(
                "`path` must be a .tflite file whose output is made of the "
                f"images, of a type of {', '.join(_COMPARED)}. Received: "
                f"path={os.fspath(path)!r}, which returns {about.output.dtype}"
            )
        self.places = tuple(places[: tensors.index(output) + 1])
        sizes = about.input.shape[1:]
        shape = tuple(None if size == -1 else size for size in sizes)
        self.images = datasets.images_of(images, None, shape)
        self._timeout = timeout
        self._written: dict[tuple[str, int], np.ndarray] = {}

    def written(self, runtime: str, place: int) -> np.ndarray:
        """Returns what a runtime writes at a place for all images, (n, ...).

        Args:
            runtime: One of `advkeras.edge.RUNTIMES`.
            place: Its number among `places`.

        Raises:
            CannotRunError: The runtime cannot run the copy; a ValueError too.
        """
        key = runtime, place
        if key not in self._written:
            at = self.places[place]
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "cut.tflite"
                path.write_bytes(self._cut(at))
                with _Cut(path, runtime, 1, self._timeout, "output") as cut:
                    found = cut.run(self.images)
            if self._is_dequantised(at):
                steps = np.rint(found / np.float32(at.scale or 1))
                found = steps.astype(np.int32) + (at.zero_point or 0)
            self._written[key] = found.reshape(len(self.images), -1)
        return self._written[key]

    def differ(self, place: int, first: str, second: str) -> np.ndarray:
        """Returns for which images two runtimes write something else, (n,)."""
        a, b = (self.written(runtime, place) for runtime in (first, second))
        return ~run_on_device.equal_rows(a, b)

    def steps(self, place: int, first: str, second: str) -> float:
        """Returns the largest difference of a value, in steps of its grid."""
        a, b = (
            self.written(runtime, place).astype(np.float64)
            for runtime in (first, second)
        )
        return float(np.abs(a - b).max() / self.places[place].step)

    def _is_dequantised(self, place: Place) -> bool:
        last = self.places[-1]
        return last.kind == "DEQUANTIZE" and place.scale is not None

    def _cut(self, place: Place) -> bytes:
        """Returns a copy of the file that ends with what a place holds."""
        model = copy.copy(self._model)
        graph = copy.copy(model.subgraphs[0])
        model.subgraphs = [graph, *model.subgraphs[1:]]
        model.signatureDefs = None  # they name the output that there was
        graph.operators = list(graph.operators[: place.operator + 1])
        graph.outputs = [place.tensor]
        if self._is_dequantised(place):
            last = self.places[-1]
            ending = copy.copy(
                self._model.subgraphs[0].operators[last.operator]
            )
            tensor = copy.copy(graph.tensors[place.tensor])
            tensor.type = graph.tensors[last.tensor].type
            tensor.quantization = None
            tensor.name = b"dequantised"
            graph.outputs = [len(graph.tensors)]
            graph.tensors = [*graph.tensors, tensor]
            ending.inputs, ending.outputs = [place.tensor], graph.outputs
            graph.operators.append(ending)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class _Cut(Child):
    """A runtime that runs what need be no classifier."""

    def run(self, images: np.ndarray) -> np.ndarray:
        inputs = run_on_device.quantize(images, self.input)
        (found,) = self._ask([(inputs, {"job": "run"})], 1)
        if found.size % len(images):
            raise self._failure(
                f"it returns {found.shape} for {len(images)} images"
            )
        return found

    def _opened(self, about: dict[str, Any]) -> None:
        self.input: dict[str, Any] = about["input"]


def _places(model: Any, stored: Any) -> Iterator[Place]:
    graph, read = model.subgraphs[0], stored.Subgraphs(0)
    kinds = [
        flatbuffer.operator_name(stored.OperatorCodes(i))
        for i in range(stored.OperatorCodesLength())
    ]
    # What weights alone go through is the same for all images.
    constant = {-1} | {
        index
        for index, tensor in enumerate(graph.tensors)
        if stored.Buffers(tensor.buffer).DataLength()
    }
    made: dict[int, int] = {}  # tensor -> number of its place
    for number, operator in enumerate(graph.operators):
        if constant.issuperset(operator.inputs):
            constant.update(operator.outputs)
            continue
        reads = tuple(made[i] for i in operator.inputs if i in made)
        scale_read, _ = _grid(graph.tensors[operator.inputs[0]])
        for index in map(int, operator.outputs):
            if flatbuffer.dtype_name(read.Tensors(index)) not in _COMPARED:
                continue
            made[index] = len(made)
            tensor = graph.tensors[index]
            scale, zero_point = _grid(tensor)
            yield Place(
                operator=number,
                kind=kinds[operator.opcodeIndex],
                tensor=index,
                name=(tensor.name or b"").decode(errors="replace"),
                scale=scale,
                zero_point=zero_point,
                # Integers are counted in steps as they are.
                step=1.0 if scale is not None else scale_read or 1.0,
                reads=reads,
            )


def _grid(tensor: Any) -> tuple[float | None, int | None]:
    grid = tensor.quantization
    if grid is None or grid.scale is None or len(grid.scale) != 1:
        return None, None
    return float(grid.scale[0]), int(grid.zeroPoint[0])
