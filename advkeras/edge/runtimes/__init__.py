"""What executes a .tflite file: interpreters here, results from devices."""

import importlib.util
import os
from pathlib import Path

from advkeras import checks
from advkeras.edge.runtimes.child import CannotRunError
from advkeras.edge.runtimes.device import Recorded
from advkeras.edge.runtimes.inspector import Inspector
from advkeras.edge.runtimes.interpreter import Interpreter
from advkeras.edge.runtimes.prediction import Prediction

__all__ = [
    "HERE",
    "CannotRunError",
    "Inspector",
    "Interpreter",
    "Prediction",
    "Recorded",
    "Runtime",
    "check",
    "start",
]

Runtime = Interpreter | Recorded

# Those that run on this machine, and what each is.
HERE = {
    "litert": "LiteRT's interpreter with its fast kernels (XNNPACK)",
    "litert-reference": "LiteRT's interpreter with its reference kernels",
    "tflm": "the kernels of TensorFlow Lite Micro, one image at a time",
}


def check(runtime: str) -> None:
    """Raises ValueError unless `runtime` names one that `start` can start."""
    kind, _, results = runtime.partition(":")
    if kind == "device":
        if not Path(results).is_file():
            raise ValueError(
                "`runtimes` must name a file after device:, as in "
                "device:device_results.json. "
                f"Received: runtimes={runtime!r}, where there is no such file"
            )
        return
    checks.check_choice("runtimes", runtime, [*HERE, "device:FILE"])
    if runtime == "tflm" and importlib.util.find_spec("tflite_micro") is None:
        raise ValueError(
            "`runtimes` must be installed: pip install 'advkeras[tflm]'. "
            "Received: runtimes='tflm'"
        )


def start(
    path: str | os.PathLike,
    runtime: str = "litert",
    threads: int = 1,
    timeout: float = 300.0,
) -> Runtime:
    """Starts a runtime on a .tflite file; to be used in a `with` statement.

    Args:
        path: The .tflite file.
        runtime: "litert", "litert-reference", "tflm", or "device:FILE" for
            the results that came back from a device.
        threads: Threads of the interpreter; tflm has one.
        timeout: Seconds that one answer may take.

    Returns:
        What has `predict(images)`, a `Prediction`, and `latencies(images)`.

    Raises:
        ValueError: There is no such runtime or file.
        CannotRunError: The runtime cannot run this file; a ValueError too.

    Example:
        >>> with ak.edge.start("int8.tflite", "tflm") as runtime:
        ...     runtime.predict(images).labels
    """
    check(runtime)
    kind, _, results = runtime.partition(":")
    if kind == "device":
        return Recorded(path, results)
    return Interpreter(path, runtime, threads, timeout)
