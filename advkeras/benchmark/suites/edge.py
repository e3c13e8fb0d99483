"""A .tflite file through `ak.edge` beside each bare runtime."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import interpreter as litert

from advkeras import edge
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.edge.quiet import quiet
from advkeras.edge.standalone import run_on_device
from advkeras.version import __version__

REPEATS = 7
FLOOR = "bare interpreter"
OURS = "ak.edge.start().predict"
_CALIBRATION = 100

# Takes a batch, and returns the outputs.
Run = Callable[[np.ndarray], np.ndarray]


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times the int8 variant on each runtime that takes batches, one thread.

    Ours quantises the images, sends them to the runtime's own process and
    takes the scores back. The floor runs batches of the same size in this
    process; they were quantised before.

    Args:
        classifier: The float model; it is exported here, the first images
            being those that it is calibrated with.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare runtime and ours, for each; one row that says why, where the
        model has no int8 variant.
    """
    images, _ = data.sample(options.examples, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        made = edge.export(
            classifier, folder, "int8", calibration=images[:_CALIBRATION]
        )
        if "int8" not in made:
            reason = made.skipped["int8"]
            return [Row(OURS, note=f"skipped: not exported: {reason}")]
        repeats = options.repeats or REPEATS
        return [
            row
            for runtime in edge.installed(BARE)
            for row in _timed(made["int8"], runtime, images, repeats)
        ]


def _timed(
    path: Path, runtime: str, images: np.ndarray, repeats: int
) -> list[Row]:
    session: Any
    floor, own = f"{runtime}: {FLOOR}", f"{runtime}: {OURS}"
    with edge.start(path, runtime, threads=1) as session:
        inputs = run_on_device.quantize(images, session.input)
        calls = {
            floor: _in_batches(BARE[runtime](path), inputs, session.batch_size),
            own: lambda: session.predict(images).outputs,
        }
        times = interleaved(calls, repeats)
        versions = {floor: session.version, own: __version__}
    same = np.array_equal(times.returned[floor], times.returned[own])
    to_floor, to_ours = times.ratios(floor), times.ratios(own)
    notes = {own: f"outputs {'equal' if same else 'differ'} bit by bit"}
    return [
        Row(
            name,
            # The runtime's name is in the row already.
            versions[name].partition(" ")[2] or versions[name],
            len(images),
            repeats,
            times.median(name) / len(images),
            to_floor[name],
            to_ours[name],
            note=notes.get(name, ""),
        )
        for name in calls
    ]


def _in_batches(
    run: Run, inputs: np.ndarray, size: int
) -> Callable[[], np.ndarray]:
    batches = [inputs[i : i + size] for i in range(0, len(inputs), size)]
    return lambda: np.concatenate([run(batch) for batch in batches])


def _litert(kernels: str) -> Callable[[Path], Run]:
    def opened(path: Path) -> Run:
        with quiet():  # it says which kernels it found
            interpreter = litert.Interpreter(
                str(path),
                num_threads=1,
                experimental_op_resolver_type=litert.OpResolverType[kernels],
            )
            interpreter.allocate_tensors()
        (given,) = interpreter.get_input_details()
        (returned,) = interpreter.get_output_details()
        shape = tuple(given["shape"])

        def run(batch: np.ndarray) -> np.ndarray:
            nonlocal shape
            if batch.shape != shape:
                interpreter.resize_tensor_input(given["index"], batch.shape)
                interpreter.allocate_tensors()
                shape = batch.shape
            interpreter.set_tensor(given["index"], batch)
            interpreter.invoke()
            return interpreter.get_tensor(returned["index"])

        return run

    return opened


def _openvino(path: Path) -> Run:
    # It would report its use over the network.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(path),
        "CPU",
        {"INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False},
    )
    # What it returns is its own memory, which the next batch is written to.
    return lambda batch: compiled([batch])[0].copy()


# The runtimes that take batches, and each as it comes.
BARE: dict[str, Callable[[Path], Run]] = {
    "litert": _litert("AUTO"),
    "litert-reference": _litert("BUILTIN_REF"),
    "litert-optimised": _litert("BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
    "openvino": _openvino,
}
