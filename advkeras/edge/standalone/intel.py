"""A .tflite file on a CPU, as OpenVINO compiles it."""

import os
import re
import sys
import tempfile
from typing import Any

# Its neighbours: the folder of a script is on the path.
import described
import numpy as np
import run_on_device

# Where in its sources something went wrong.
_WHERE = re.compile(r"(Exception from|Check '.*' failed at) \S+?:\d+:")


class IntelModel:
    """A .tflite file on a CPU, as OpenVINO compiles it.

    Args:
        path: The file.
        threads: Threads that it may use.
        precision: Of floats: "f32"; None leaves it to OpenVINO, which takes
            bfloat16 where the CPU has it.
    """

    def __init__(self, path: str, threads: int, precision: str | None = None):
        # It would report its use over the network.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        import openvino

        with open(path, "rb") as file:
            self.input, self.output = described.ends(file.read())
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads,
            # Each process would take the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        if precision:
            settings["INFERENCE_PRECISION_HINT"] = precision
        core = openvino.Core()
        try:
            model = _read(core, path)
            self._compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise ValueError(_WHERE.sub("", str(error))) from error
        computed = self._compiled.get_property("INFERENCE_PRECISION_HINT")
        version = openvino.__version__.partition("-")[0]
        plain = " without VNNI" if _without_vnni() else ""
        self.runtime = f"openvino {version}{plain} ({computed.get_type_name()})"

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the raw outputs, (n, ...), of inputs of the file's dtype."""
        if self.input["any_batch"]:
            return self._invoke(inputs)
        return run_on_device.in_batches(
            lambda batch: [self._invoke(batch)], inputs, self.input["shape"][0]
        )[0]

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        return self._compiled([inputs])[0]


def _without_vnni() -> bool:
    """Whether the CPU is known to lack the instructions of 8-bit integers.

    OpenVINO then adds each two products in 16 bits, where they saturate: the
    same int8 file answers otherwise than on a CPU that has them.
    """
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            said = file.read()
    except OSError:
        return False
    return "avx2" in said and "vnni" not in said


def _read(core: Any, path: str) -> Any:
    """Reads a file, whose kind it tells by the name alone."""
    if path.endswith(".tflite"):
        return core.read_model(path)
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "model.tflite")
        os.symlink(os.path.abspath(path), link)
        return core.read_model(link)
