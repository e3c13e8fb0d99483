"""A .tflite file through `ak.edge` beside the bare interpreter."""

import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

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


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times the int8 variant on LiteRT, one thread.

    Ours quantises the images, sends them to the interpreter's own process and
    takes the scores back. The floor runs batches of the same size in this
    process; they were quantised before.

    Args:
        classifier: The float model; it is exported here, the first images
            being those that it is calibrated with.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare interpreter and ours; one row that says why, where the model
        has no int8 variant.
    """
    images, _ = data.sample(options.examples, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        made = edge.export(
            classifier, folder, "int8", calibration=images[:_CALIBRATION]
        )
        if "int8" not in made:
            reason = made.skipped["int8"]
            return [Row(OURS, note=f"skipped: not exported: {reason}")]
        return _timed(made["int8"], images, options.repeats or REPEATS)


def _timed(path: Path, images: np.ndarray, repeats: int) -> list[Row]:
    session: Any
    with edge.start(path, "litert", threads=1) as session:
        inputs = run_on_device.quantize(images, session.input)
        calls = {
            FLOOR: _bare(path, inputs, session.batch_size),
            OURS: lambda: session.predict(images).outputs,
        }
        times = interleaved(calls, repeats)
    same = np.array_equal(times.returned[FLOOR], times.returned[OURS])
    to_floor, to_ours = times.ratios(FLOOR), times.ratios(OURS)
    versions = {FLOOR: metadata.version("ai-edge-litert"), OURS: __version__}
    notes = {OURS: f"outputs {'equal' if same else 'differ'} bit by bit"}
    return [
        Row(
            name,
            versions[name],
            len(images),
            repeats,
            times.median(name) / len(images),
            to_floor[name],
            to_ours[name],
            note=notes.get(name, ""),
        )
        for name in calls
    ]


def _bare(
    path: Path, inputs: np.ndarray, size: int
) -> Callable[[], np.ndarray]:
    with quiet():  # it says which kernels it found
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    returned = interpreter.get_output_details()[0]["index"]
    batches = [inputs[i : i + size] for i in range(0, len(inputs), size)]

    def run() -> np.ndarray:
        outputs = []
        rows = None
        for batch in batches:
            if len(batch) != rows:
                interpreter.resize_tensor_input(given, batch.shape)
                interpreter.allocate_tensors()
                rows = len(batch)
            interpreter.set_tensor(given, batch)
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(returned))
        return np.concatenate(outputs)

    return run
