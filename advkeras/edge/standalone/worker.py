"""The child process that an interpreter runs in: a crash ends it alone.

    python worker.py RUNTIME FILE THREADS

Speaks with its parent over stdin and stdout. Run by its path, so that it starts
without TensorFlow; `advkeras/edge/runtimes/child.py` is the other end.
"""

import os
import sys
from typing import Any

# Its neighbours: the folder of a script is on the path.
import messages
import numpy as np
import run_on_device


class MicroModel:
    """A .tflite file on the kernels of TensorFlow Lite Micro.

    Args:
        content: Bytes of the file.
        threads: Is 1: a microcontroller has no threads.
    """

    def __init__(self, content: bytes, threads: int = 1):
        from importlib import metadata

        from tflite_micro.python.tflite_micro import runtime
        from tflite_micro.tensorflow.lite.micro.python import (
            schema_py_generated as schema,
        )

        self.runtime = "tflite-micro " + metadata.version("tflite-micro")
        # The arena holds all activations; what it needs is known afterwards.
        self._interpreter = runtime.Interpreter.from_bytes(
            content, arena_size=max(1 << 24, 10 * len(content))
        )
        graph = schema.Model.GetRootAsModel(content, 0).Subgraphs(0)
        inputs, outputs = graph.InputsLength(), graph.OutputsLength()
        about = self._interpreter
        self.input = run_on_device.tensor(
            [about.get_input_details(i) for i in range(inputs)]
        )
        self.output = run_on_device.tensor(
            [about.get_output_details(i) for i in range(outputs)]
        )

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the raw outputs, (n, ...), of inputs of the file's dtype."""
        return np.concatenate([self._invoke(row[None]) for row in inputs])

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        self._interpreter.set_input(inputs, 0)
        self._interpreter.invoke()
        return self._interpreter.get_output(0)


def open_model(runtime: str, content: bytes, threads: int) -> Any:
    """Returns the model as the named runtime runs it."""
    if runtime == "tflm":
        return MicroModel(content, threads)
    return run_on_device.Model(content, runtime == "litert-reference", threads)


def serve(runtime: str, path: str, threads: int) -> None:
    """Answers the parent until it closes the pipe."""
    requests = sys.stdin.buffer
    # What C++ code prints must not come between the messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory()
    try:
        with open(path, "rb") as file:
            model = open_model(runtime, file.read(), threads)
        messages.send(
            answers,
            {
                "input": model.input,
                "output": model.output,
                "runtime": model.runtime,
            },
        )
        for message, payload in iter(lambda: messages.receive(requests), None):
            inputs = messages.as_array(message, payload)
            if message["job"] == "latencies":
                found = np.array(run_on_device.latencies(model, inputs))
            else:
                found = model.run(inputs)
            messages.send_array(answers, found)
    except Exception as error:  # whatever it is, the parent reports it
        messages.send(answers, {"error": f"{type(error).__name__}: {error}"})


def _limit_memory() -> None:
    # A broken file may ask for terabytes, and the system would then end
    # whichever process it likes.
    try:
        import resource

        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        resource.setrlimit(resource.RLIMIT_AS, (half, half))
    except (ImportError, AttributeError, ValueError, OSError):
        pass  # not on this system


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
