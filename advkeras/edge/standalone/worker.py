"""The child process that an interpreter runs in: a crash ends it alone.

    python worker.py RUNTIME FILE THREADS LOOK

LOOK says what the parent may look at: the only "output" of a model, all its
"outputs", or all "tensors" that its operators write. Speaks with its parent
over stdin and stdout. Run by its path, so that it starts without TensorFlow;
`advkeras/edge/runtimes/child.py` is the other end.
"""

import os
import sys
import threading
import time
from typing import Any

# Its neighbours: the folder of a script is on the path.
import messages
import numpy as np
import run_on_device

# Which kernels LiteRT takes, by its own name of them.
_KERNELS = {
    "litert": "AUTO",
    "litert-reference": "BUILTIN_REF",
    "litert-optimised": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
}


# The precision that OpenVINO computes floats in; None: its own choice.
_PRECISIONS = {"openvino": None, "openvino-f32": "f32"}


def open_model(runtime: str, path: str, threads: int, look: str) -> Any:
    """Returns the model as the named runtime runs it."""
    if runtime in _PRECISIONS:
        from intel import IntelModel

        return IntelModel(path, threads, _PRECISIONS[runtime])
    with open(path, "rb") as file:
        content = file.read()
    if look != "output":
        from opened import OpenModel

        inside = look == "tensors"
        return OpenModel(content, _KERNELS[runtime], threads, inside)
    if runtime == "tflm":
        from micro import MicroModel

        return MicroModel(content, threads)
    if runtime == "tosa":
        from arm import ArmModel

        return ArmModel(content, threads)
    return run_on_device.Model(content, _KERNELS[runtime], threads)


def describe(model: Any) -> dict[str, Any]:
    """Returns what the parent has to know of a model."""
    ends = ("input", "inputs", "output", "outputs")
    known = {key: getattr(model, key) for key in ends if hasattr(model, key)}
    return {"runtime": model.runtime, **known}


def answers_to(
    message: dict[str, Any], model: Any, inputs: np.ndarray
) -> list[np.ndarray]:
    """Does the job of a message; returns the arrays to send back."""
    if message["job"] == "hold":
        model.hold(inputs)
        return []
    if message["job"] == "tensors":
        return model.tensors(inputs, message["indices"])
    if message["job"] == "latencies":
        return [np.array(run_on_device.latencies(model, inputs))]
    return [model.run(inputs)]


def serve(runtime: str, path: str, threads: int, look: str) -> None:
    """Answers the parent until it closes the pipe."""
    requests = sys.stdin.buffer
    # What C++ code prints must not come between the messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        model = open_model(runtime, path, threads, look)
        messages.send(answers, describe(model))
        for message, payload in iter(lambda: messages.receive(requests), None):
            inputs = messages.as_array(message, payload)
            for found in answers_to(message, model, inputs):
                messages.send_array(answers, found)
    except Exception as error:  # whatever it is, the parent reports it
        messages.send(answers, {"error": f"{type(error).__name__}: {error}"})


def _end_with_parent() -> None:
    # The pipe says so too, but only to who reads from it: a file may never
    # end, and nobody is left to stop it.
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


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
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
