#!/usr/bin/env python3
"""Runs the models of a bundle on this device, and says what still fools them.

    python3 run_on_device.py

Needs Python 3.8 or newer, NumPy, and one of ai_edge_litert, tflite_runtime and
tensorflow. The bundle is the folder that this file lies in; every file of it is
checked against its SHA-256 first. Prints a table and writes
device_results.json, which `apps.edge_report` reads.
"""

import importlib
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np

_INTERPRETERS = (
    ("ai_edge_litert", "ai_edge_litert.interpreter"),
    ("tflite_runtime", "tflite_runtime.interpreter"),
    ("tensorflow", "tensorflow.lite.python.interpreter"),
)
_BATCH = 50
_TIMED = 100  # images whose latency is taken one by one


def find_interpreter() -> tuple[str, str, ModuleType]:
    """Returns (package, version, module) of the first interpreter there is."""
    for package, module in _INTERPRETERS:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        top = sys.modules[package]
        return package, str(getattr(top, "__version__", "unknown")), found
    raise ImportError(
        "one of these packages is needed: "
        + ", ".join(package for package, _ in _INTERPRETERS)
    )


class Model:
    """A .tflite file, ready to run.

    Args:
        content: Bytes of the file.
        reference: Whether to use the reference kernels, not the fast ones.
        threads: Threads of the interpreter.
    """

    def __init__(
        self, content: bytes, reference: bool = False, threads: int = 1
    ):
        package, version, module = find_interpreter()
        kernels = {}
        if reference:
            resolver = module.OpResolverType.BUILTIN_REF
            kernels["experimental_op_resolver_type"] = resolver
        self.runtime = package + " " + version
        self._interpreter = module.Interpreter(
            model_content=content, num_threads=threads, **kernels
        )
        self._interpreter.allocate_tensors()
        self.input = tensor(self._interpreter.get_input_details())
        self.output = tensor(self._interpreter.get_output_details())
        self._rows = self.input["shape"][0]

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the raw outputs, (n, ...), of inputs of the file's dtype."""
        if not self.input["any_batch"]:
            return np.concatenate([self._invoke(row[None]) for row in inputs])
        if len(inputs) != self._rows:
            index = self.input["index"]
            self._interpreter.resize_tensor_input(index, inputs.shape)
            self._interpreter.allocate_tensors()
            self._rows = len(inputs)
        return self._invoke(inputs)

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self.input["index"], inputs)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self.output["index"])


def tensor(details: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns what has to be known of the only input or output of a model.

    Args:
        details: What an interpreter says of its inputs, or of its outputs.
    """
    if len(details) != 1:
        raise ValueError(
            f"the model must have one input and one output, not {len(details)}"
        )
    detail = details[0]
    quantization = detail["quantization_parameters"]
    scales = [float(scale) for scale in quantization["scales"]]
    zeros = [int(zero) for zero in quantization["zero_points"]]
    shape = [int(size) for size in detail["shape"]]
    signature = list(detail.get("shape_signature", shape))
    return {
        "index": int(detail.get("index", 0)),
        "dtype": np.dtype(detail["dtype"]).name,
        "shape": shape,
        "any_batch": bool(signature) and int(signature[0]) == -1,
        "scale": scales[0] if scales else None,
        "zero_point": zeros[0] if zeros else None,
    }


def quantize(images: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Returns float32 images as a model's input takes them.

    Rounds half to even and clips to what the input's type can hold.
    """
    if tensor["scale"] is None or tensor["dtype"] == "float32":
        return np.ascontiguousarray(images, tensor["dtype"])
    limits = np.iinfo(tensor["dtype"])
    values = np.divide(images, np.float32(tensor["scale"]), dtype=np.float32)
    np.rint(values, out=values)
    values += tensor["zero_point"]
    np.clip(values, limits.min, limits.max, out=values)
    return values.astype(tensor["dtype"])


def from_uint8(pixels: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Returns pixels 0 .. 255 as float32 images within (lower, upper)."""
    lower, upper = bounds
    images = lower + pixels.astype(np.float32) * ((upper - lower) / 255)
    return np.clip(images, lower, upper).astype(np.float32)


def latencies(model: Any, inputs: np.ndarray) -> list[float]:
    """Returns milliseconds an image, one image at a time, after a warm-up."""
    model.run(inputs[:1])
    model.run(inputs[:1])
    times = []
    for i in range(len(inputs)):
        start = time.perf_counter()
        model.run(inputs[i : i + 1])
        times.append(1e3 * (time.perf_counter() - start))
    return times
