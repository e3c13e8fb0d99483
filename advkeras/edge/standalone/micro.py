"""A .tflite file on the kernels of TensorFlow Lite Micro."""

# Its neighbour: the folder of a script is on the path.
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
        self._keeps_a_state = any(
            graph.Tensors(i).IsVariable() for i in range(graph.TensorsLength())
        )
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
        if self._keeps_a_state:
            self._interpreter.reset()
        self._interpreter.set_input(inputs, 0)
        self._interpreter.invoke()
        return self._interpreter.get_output(0)
