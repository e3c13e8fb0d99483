"""How far a lift and the real interpreter agree, operator by operator."""

import math
import os
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm

from advkeras import checks
from advkeras import datasets
from advkeras.edge import runtimes
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.differences import Tally
from advkeras.edge.lift.differences import as_floats
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.model import as_program
from advkeras.edge.lift.program import Program
from advkeras.edge.lift.severed import is_compared
from advkeras.edge.lift.severed import operators_of_images
from advkeras.edge.lift.severed import sever
from advkeras.edge.lift.verdicts import Agreement
from advkeras.edge.lift.verdicts import OperatorAgreement
from advkeras.edge.lift.verdicts import OutputAgreement
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate

_MEMORY = 1 << 26  # bytes of all tensors of a batch, as float32
_MOST_IMAGES = 256  # of a batch

_Compute = Callable[[list[np.ndarray]], list[np.ndarray]]


def agreement(
    source: str | os.PathLike | Graph | Program,
    images: Any,
    runtime: str = "litert",
    inspected: int = 32,
    progress: bool = False,
) -> Agreement:
    """Compares a lifted .tflite file with the real interpreter.

    The lift has the arithmetic of the runtime. Operators are compared with
    the kernels of the same one; for "tflm", which shows no more than its
    output, with the reference kernels of LiteRT.
    When two copies of a tensor part is said by `Difference.parted`.

    Args:
        source: The file, or what was read of it; it has one input.
        images: (n, height, width, channels), in the units that the scale and
            zero point of the input give; an array or a data set.
        runtime: "litert", "litert-reference" or "tflm".
        inspected: How many images all operators are compared on.
        progress: Whether to show a bar.

    Returns:
        The differences of all tensors of numbers that depend on the images;
        integers that are shapes or indices are left out.

    Raises:
        ValueError: The file cannot be lifted, has several inputs, or takes
            other images, or there is no such runtime or it cannot run it.

    Example:
        >>> found = ak.edge.agreement("int8.tflite", images)
        >>> found.outputs[0].top_1, found.parted
    """
    runtimes.check_lifted(runtime)
    checks.check_count("inspected", inspected)
    program = as_program(source, runtime)
    graph = program.graph
    if len(graph.inputs) != 1:
        raise ValueError(
            "`path` must be a .tflite file of one input. "
            f"Received: path={graph.path!r} with {len(graph.inputs)}"
        )
    sizes = graph.inputs[0].signature[1:]
    images = datasets.images_of(
        images, None, tuple(None if size == -1 else size for size in sizes)
    )
    inspected = min(inspected, len(images))
    with tqdm.tqdm(
        total=inspected + len(images), unit="image", disable=not progress
    ) as bar:
        open_ = "litert-reference" if runtime == "tflm" else runtime
        operators = _operators(program, images[:inspected], open_, bar)
        version, outputs = _outputs(program, images, runtime, bar)
    every = len(graph.operators)
    return Agreement(
        path=graph.path,
        runtime=runtime,
        version=version,
        n=len(images),
        inspected=inspected,
        constant=every - len(operators_of_images(program)),
        operators=operators,
        outputs=outputs,
    )


def _operators(
    program: Program, images: np.ndarray, runtime: str, bar: tqdm.tqdm
) -> tuple[OperatorAgreement, ...]:
    grids = _grids(program.graph)
    written = [
        (operator, tensor)
        for operator in operators_of_images(program)
        for tensor in operator.outputs
        if is_compared(tensor)
    ]
    tensors = tuple(tensor for _, tensor in written)
    whole = _compiled(program, tensors, [images])
    tallies = {t.index: Tally(grids.get(t.index)) for t in tensors}
    alone = {t.index: Tally(grids.get(t.index)) for t in tensors}
    severed = sever(program)
    parts = None
    wanted = [t.index for t in (*program.graph.inputs, *tensors)]
    with runtimes.Inspector(program.graph.path, runtime) as inspector:
        for batch in _batches(program, images):
            real = inspector.tensors(batch, wanted)
            for tensor, lifted in zip(tensors, whole([batch]), strict=True):
                tallies[tensor.index].add(lifted, real[tensor.index])
            if severed is not None:
                given = [
                    as_floats(real[t.index], grids.get(t.index))
                    for t in severed.given
                ]
                outputs = severed.program.graph.outputs
                parts = parts or _compiled(severed.program, outputs, given)
                for tensor, lifted in zip(
                    severed.written, parts(given), strict=True
                ):
                    alone[tensor.index].add(lifted, real[tensor.index])
            bar.update(len(batch))
    return tuple(
        OperatorAgreement(
            index=operator.index,
            name=operator.name,
            **_about(tensor, grids.get(tensor.index)),
            difference=tallies[tensor.index].difference(),
            alone=alone[tensor.index].difference() if severed else None,
        )
        for operator, tensor in written
    )


def _outputs(
    program: Program, images: np.ndarray, runtime: str, bar: tqdm.tqdm
) -> tuple[str, tuple[OutputAgreement, ...]]:
    """Returns the runtime's version, and how far the outputs agree."""
    graph = program.graph
    grids = _grids(graph)
    lift = _compiled(program, graph.outputs, [images])
    tallies = [Tally(grids.get(tensor.index)) for tensor in graph.outputs]
    alike: list[list[np.ndarray]] = [[] for _ in graph.outputs]
    with _Runtime(graph, runtime) as real:
        for batch in _batches(program, images):
            for tensor, tally, same, lifted, found in zip(
                graph.outputs,
                tallies,
                alike,
                lift([batch]),
                real.outputs(batch),
                strict=True,
            ):
                tally.add(lifted, found)
                scores = run_on_device.is_scores(tensor.signature)
                if scores and lifted.shape == found.shape:
                    real_scores = as_floats(found, grids.get(tensor.index))
                    same.append(_labels(lifted) == _labels(real_scores))
            bar.update(len(batch))
        version = real.version
    return version, tuple(
        OutputAgreement(
            **_about(tensor, grids.get(tensor.index)),
            difference=tally.difference(),
            top_1=Rate.of(np.concatenate(same)) if same else None,
        )
        for tensor, tally, same in zip(
            graph.outputs, tallies, alike, strict=True
        )
    )


class _Runtime:
    """The outputs of a file, by any runtime."""

    def __init__(self, graph: Graph, runtime: str):
        self._graph = graph
        self._session = (
            runtimes.Interpreter(graph.path, runtime)
            if runtime == "tflm"
            else runtimes.Inspector(graph.path, runtime, inside=False)
        )
        self.version = self._session.version

    def __enter__(self) -> "_Runtime":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def outputs(self, images: np.ndarray) -> list[np.ndarray]:
        if isinstance(self._session, runtimes.Interpreter):
            return [self._session.predict(images).outputs]
        indices = [tensor.index for tensor in self._graph.outputs]
        found = self._session.tensors(images, indices)
        return [found[index] for index in indices]


def _labels(scores: np.ndarray) -> np.ndarray:
    floats = {"scale": None, "zero_point": None}
    return run_on_device.labels_of(run_on_device.as_scores(scores), floats)


def _grids(graph: Graph) -> dict[int, Tensor]:
    """Returns on whose steps tensors lie: their own, or of what they are."""
    grids = {
        tensor.index: tensor
        for tensor in graph.tensors
        if straight_through.is_quantized(tensor)
    }
    for operator in graph.operators:
        read = operator.inputs[0] if operator.inputs else None
        if operator.name == "DEQUANTIZE" and read and read.index in grids:
            grids[operator.outputs[0].index] = read
    return grids


def _compiled(
    program: Program, wanted: tuple[Tensor, ...], examples: list[np.ndarray]
) -> _Compute:
    """Returns a program as a function of arrays, for any number of images."""
    # Concrete, as it is called with one signature.
    function = tf.function(
        lambda *given: program(list(given), wanted),
        input_signature=[
            tf.TensorSpec((None, *array.shape[1:]), tf.float32)
            for array in examples
        ],
        autograph=False,
    ).get_concrete_function()
    return lambda arrays: [
        value.numpy() for value in function(*map(tf.constant, arrays))
    ]


def _batches(program: Program, images: np.ndarray) -> Iterator[np.ndarray]:
    values = sum(math.prod(t.shape) for t in program.depends_on_images())
    size = min(_MOST_IMAGES, max(1, _MEMORY // (4 * max(1, values))))
    for start in range(0, len(images), size):
        yield images[start : start + size]


def _about(tensor: Tensor, grid: Tensor | None) -> dict[str, Any]:
    quantization = None if grid is None else grid.quantization
    return {
        "tensor": tensor.name,
        "shape": tensor.signature,
        "dtype": tensor.dtype,
        "scale": quantization and float(quantization.scale[0]),
        "zero_point": quantization and int(quantization.zero_point[0]),
    }
