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
        rows = self.input["shape"][0]
        return run_on_device.in_batches(
            lambda batch: [self._invoke(batch)], inputs, rows
        )[0]

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        self._interpreter.set_input(inputs, 0)
        self._interpreter.invoke()
        return self._interpreter.get_output(0)


class OpenModel:
    """A .tflite file of one input, whose tensors can be looked at.

    Args:
        content: Bytes of the file.
        reference: Whether to use the reference kernels, not the fast ones.
        threads: Threads of the interpreter.
        inside: Whether all tensors that depend on the input can be, or the
            outputs alone.
    """

    def __init__(
        self, content: bytes, reference: bool, threads: int, inside: bool
    ):
        package, version, module = run_on_device.find_interpreter()
        self.runtime = package + " " + version
        kinds = module.OpResolverType
        self._interpreter = module.Interpreter(
            model_content=returning_all(content) if inside else content,
            num_threads=threads,
            experimental_op_resolver_type=(
                kinds.BUILTIN_REF if reference else kinds.AUTO
            ),
        )
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()
        self.input = run_on_device.tensor(given)
        self.input["signature"] = [int(s) for s in given[0]["shape_signature"]]
        self.outputs = [
            run_on_device.tensor([detail])
            for detail in self._interpreter.get_output_details()
        ]
        self._shape = tuple(self.input["shape"])

    def tensors(
        self, inputs: np.ndarray, indices: list[int]
    ) -> list[np.ndarray]:
        """Returns these tensors for inputs of the file's dtype, (n, ...)."""
        if self.input["any_batch"]:
            return self._invoke(inputs, indices)
        return run_on_device.in_batches(
            lambda batch: self._invoke(batch, indices), inputs, self._shape[0]
        )

    def _invoke(
        self, inputs: np.ndarray, indices: list[int]
    ) -> list[np.ndarray]:
        index = self.input["index"]
        if inputs.shape != self._shape:
            self._interpreter.resize_tensor_input(
                index, inputs.shape, strict=True
            )
            self._interpreter.allocate_tensors()
            self._shape = inputs.shape
        self._interpreter.set_tensor(index, inputs)
        self._interpreter.invoke()
        return [np.atleast_1d(self._interpreter.get_tensor(i)) for i in indices]


def returning_all(content: bytes) -> bytes:
    """Returns a file that returns all that depends on its input.

    What is no output, the fast kernels (XNNPACK) never write to a tensor, and
    the others write over.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    # Some converters write a list of nothing where there is no data.
    held = [
        buffer.data is not None and len(buffer.data) for buffer in model.buffers
    ]
    constant = {-1} | {
        index
        for index, tensor in enumerate(graph.tensors)
        if held[tensor.buffer]
    }
    outputs = [int(index) for index in graph.outputs]
    for operator in graph.operators:
        # Weights of half precision go through a DEQUANTIZE.
        if constant.issuperset(operator.inputs):
            constant.update(operator.outputs)
        else:
            outputs.extend(int(index) for index in operator.outputs)
    graph.outputs = list(dict.fromkeys(outputs))
    model.signatureDefs = None  # they name the outputs that there were
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def open_model(runtime: str, content: bytes, threads: int, look: str) -> Any:
    """Returns the model as the named runtime runs it."""
    reference = runtime == "litert-reference"
    if look != "output":
        return OpenModel(content, reference, threads, look == "tensors")
    if runtime == "tflm":
        return MicroModel(content, threads)
    return run_on_device.Model(content, reference, threads)


def describe(model: Any) -> dict[str, Any]:
    """Returns what the parent has to know of a model."""
    if isinstance(model, OpenModel):
        outputs: dict[str, Any] = {"outputs": model.outputs}
    else:
        outputs = {"output": model.output}
    return {"runtime": model.runtime, "input": model.input, **outputs}


def answers_to(
    message: dict[str, Any], model: Any, inputs: np.ndarray
) -> list[np.ndarray]:
    """Does the job of a message; returns the arrays to send back."""
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
        with open(path, "rb") as file:
            model = open_model(runtime, file.read(), threads, look)
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
