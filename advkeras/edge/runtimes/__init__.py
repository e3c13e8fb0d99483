"""What executes a .tflite file: interpreters here, results from devices."""

import os
from pathlib import Path

from advkeras import checks
from advkeras.edge.runtimes.child import CannotRunError
from advkeras.edge.runtimes.device import Recorded
from advkeras.edge.runtimes.inspector import Inspector
from advkeras.edge.runtimes.interpreter import Interpreter
from advkeras.edge.runtimes.known import DEFAULT
from advkeras.edge.runtimes.known import HERE
from advkeras.edge.runtimes.known import check_installed
from advkeras.edge.runtimes.known import check_lifted
from advkeras.edge.runtimes.known import installed
from advkeras.edge.runtimes.prediction import Prediction

__all__ = [
    "DEFAULT",
    "HERE",
    "CannotRunError",
    "Inspector",
    "Interpreter",
    "Prediction",
    "Recorded",
    "Runtime",
    "check",
    "check_lifted",
    "installed",
    "start",
]

Runtime = Interpreter | Recorded


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
    check_installed(runtime)


def start(
    path: str | os.PathLike,
    runtime: str = "litert",
    threads: int = 1,
    timeout: float = 300.0,
) -> Runtime:
    """Starts a runtime on a .tflite file; to be used in a `with` statement.

    Args:
        path: The .tflite file.
        runtime: One of `advkeras.edge.RUNTIMES`, or "device:FILE" for the
            results that came back from a device.
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
