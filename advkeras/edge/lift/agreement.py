"""How far a lift and the real interpreter agree, operator by operator."""

import math
import os
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

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
from advkeras.edge.lift.samples import noise_beside
from advkeras.edge.lift.severed import operators_of_images
from advkeras.edge.lift.severed import sever
from advkeras.edge.lift.severed import written_numbers
from advkeras.edge.lift.verdicts import Agreement
from advkeras.edge.lift.verdicts import OperatorAgreement
from advkeras.edge.lift.verdicts import OutputAgreement
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from advkeras.progress import bar as progress_bar

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
        source: The file, or what was read of it.
        images: (n, height, width, channels), in the units that the scale and
            zero point of the input give; an array or a data set. Of a file of
            several inputs a list of them for each; or those of the first,
            and the others are given noise (`samples.noise_beside`).
        runtime: "litert", "litert-reference" or "tflm".
        inspected: How many images all operators are compared on.
        progress: Whether to show a bar.

    Returns:
        The differences of all tensors of numbers that depend on the images;
        integers that are shapes or indices are left out.

    Raises:
        ValueError: The file cannot be lifted, or takes other images, or there
            is no such runtime or it cannot run it.

    Example:
        >>> found = ak.edge.agreement("int8.tflite", images)
        >>> found.outputs[0].top_1, found.parted
    """
    runtimes.check_lifted(runtime)
    checks.check_count("inspected", inspected)
    program = as_program(source, runtime)
    graph = program.graph
    given = _given(graph, images)
    n = len(given[0])
    inspected = min(inspected, n)
    with progress_bar(
        total=inspected + n, unit="image", disable=not progress
    ) as bar:
        open_ = "litert-reference" if runtime == "tflm" else runtime
        first = [values[:inspected] for values in given]
        operators = _operators(program, first, open_, bar)
        version, outputs = _outputs(program, given, runtime, bar)
    every = len(graph.operators)
    return Agreement(
        path=graph.path,
        runtime=runtime,
        version=version,
        n=n,
        inspected=inspected,
        constant=every - len(operators_of_images(program)),
        operators=operators,
        outputs=outputs,
    )


def _given(graph: Graph, images: Any) -> list[np.ndarray]:
    """Returns what each input is given, (n, ...)."""
    several = len(graph.inputs) > 1
    listed = images if several and isinstance(images, list) else [images]
    if len(listed) not in (1, len(graph.inputs)):
        raise ValueError(
            f"`images` must be those of the first of {len(graph.inputs)} "
            "inputs, or a list of them for each. "
            f"Received: a list of {len(listed)}"
        )
    found = [
        datasets.images_of(
            values,
            None,
            tuple(None if s == -1 else s for s in tensor.signature[1:]),
        )
        for values, tensor in zip(listed, graph.inputs, strict=False)
    ]
    if len({len(values) for values in found}) > 1:
        sizes = ", ".join(str(len(values)) for values in found)
        raise ValueError(
            f"`images` must be as many for each input. Received: {sizes}"
        )
    if len(found) < len(graph.inputs):
        found += noise_beside(graph, len(found[0]))
    return found


def _operators(
    program: Program, given: list[np.ndarray], runtime: str, bar: progress_bar
) -> tuple[OperatorAgreement, ...]:
    grids = _grids(program.graph)
    written = written_numbers(program)
    if not written:
        bar.update(len(given[0]))
        return ()
    tensors = tuple(tensor for _, tensor in written)
    whole = _compiled(program, tensors, given)
    tallies = {t.index: Tally(grids.get(t.index)) for t in tensors}
    alone = {t.index: Tally(grids.get(t.index)) for t in tensors}
    severed = sever(program)
    parts = None
    wanted = [t.index for t in (*program.graph.inputs, *tensors)]
    with runtimes.Inspector(program.graph.path, runtime) as inspector:
        for batch in _batches(program, given):
            held = inspector.tensors(_as_asked(batch), wanted)
            real = {
                tensor.index: _numbers(held[tensor.index], tensor)
                for tensor in (*program.graph.inputs, *tensors)
            }
            for tensor, lifted in zip(tensors, whole(batch), strict=True):
                tallies[tensor.index].add(lifted, real[tensor.index])
            if severed is not None:
                read = [
                    as_floats(real[t.index], grids.get(t.index))
                    for t in severed.given
                ]
                outputs = severed.program.graph.outputs
                parts = parts or _compiled(severed.program, outputs, read)
                for tensor, lifted in zip(
                    severed.written, parts(read), strict=True
                ):
                    alone[tensor.index].add(lifted, real[tensor.index])
            bar.update(len(batch[0]))
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
    program: Program, given: list[np.ndarray], runtime: str, bar: progress_bar
) -> tuple[str, tuple[OutputAgreement, ...]]:
    """Returns the runtime's version, and how far the outputs agree."""
    graph = program.graph
    grids = _grids(graph)
    lift = _compiled(program, graph.outputs, given)
    tallies = [Tally(grids.get(tensor.index)) for tensor in graph.outputs]
    alike: list[list[np.ndarray]] = [[] for _ in graph.outputs]
    with _Runtime(graph, runtime) as real:
        for batch in _batches(program, given):
            for tensor, tally, same, lifted, held in zip(
                graph.outputs,
                tallies,
                alike,
                lift(batch),
                real.outputs(batch),
                strict=True,
            ):
                found = _numbers(held, tensor)
                tally.add(lifted, found)
                scores = run_on_device.is_scores(tensor.signature)
                if scores and lifted.shape == found.shape:
                    real_scores = as_floats(found, grids.get(tensor.index))
                    same.append(_labels(lifted) == _labels(real_scores))
            bar.update(len(batch[0]))
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

    def outputs(self, given: list[np.ndarray]) -> list[np.ndarray]:
        if isinstance(self._session, runtimes.Interpreter):
            return [self._session.predict(given[0]).outputs]
        indices = [tensor.index for tensor in self._graph.outputs]
        found = self._session.tensors(_as_asked(given), indices)
        return [found[index] for index in indices]


def _as_asked(given: list[np.ndarray]) -> Any:
    """Returns what an `Inspector` takes."""
    return given if len(given) > 1 else given[0]


def _numbers(real: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Returns what 32 or 64 bit integers of a scale stand for.

    Their steps are too fine for float32, and are not counted; those of
    narrower ones are, and a `Tally` takes them as they are.
    """
    wide = straight_through.is_scaled(tensor)
    if not wide or straight_through.is_quantized(tensor):
        return real
    return as_floats(real, tensor)


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


def _batches(
    program: Program, given: list[np.ndarray]
) -> Iterator[list[np.ndarray]]:
    values = sum(math.prod(t.shape) for t in program.depends_on_images())
    size = min(_MOST_IMAGES, max(1, _MEMORY // (4 * max(1, values))))
    for start in range(0, len(given[0]), size):
        yield [values[start : start + size] for values in given]


def _about(tensor: Tensor, grid: Tensor | None) -> dict[str, Any]:
    quantization = None if grid is None else grid.quantization
    return {
        "tensor": tensor.name,
        "shape": tensor.signature,
        "dtype": tensor.dtype,
        "scale": quantization and float(quantization.scale[0]),
        "zero_point": quantization and int(quantization.zero_point[0]),
    }
