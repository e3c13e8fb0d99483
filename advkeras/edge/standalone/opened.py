"""A .tflite file whose tensors LiteRT shows."""

from typing import Any

# Its neighbour: the folder of a script is on the path.
import numpy as np
import run_on_device


class OpenModel:
    """A .tflite file whose tensors can be looked at.

    Args:
        content: Bytes of the file.
        kernels: As for `run_on_device.Model`.
        threads: Threads of the interpreter.
        inside: Whether all tensors that depend on the inputs can be, or the
            outputs alone.
    """

    def __init__(
        self, content: bytes, kernels: str, threads: int, inside: bool
    ):
        package, version, module = run_on_device.find_interpreter()
        self.runtime = package + " " + version
        self._interpreter = module.Interpreter(
            model_content=returning_all(content) if inside else content,
            num_threads=threads,
            experimental_op_resolver_type=module.OpResolverType[kernels],
        )
        self._interpreter.allocate_tensors()
        self.inputs = [
            {
                **run_on_device.tensor([detail]),
                "signature": [int(size) for size in detail["shape_signature"]],
            }
            for detail in self._interpreter.get_input_details()
        ]
        self.outputs = [
            run_on_device.tensor([detail])
            for detail in self._interpreter.get_output_details()
        ]
        self._shapes = [tuple(one["shape"]) for one in self.inputs]
        self._held: list[np.ndarray] = []

    def hold(self, inputs: np.ndarray) -> None:
        """Keeps what the next input is given, till `tensors` has the last's."""
        self._held.append(inputs)

    def tensors(
        self, inputs: np.ndarray, indices: list[int]
    ) -> list[np.ndarray]:
        """Returns these tensors for inputs of the file's dtype, (n, ...).

        Args:
            inputs: What the last input is given; the others are held.
            indices: The tensors' numbers in the file.
        """
        given, self._held = [*self._held, inputs], []
        sizes = [one["shape"][0] for one in self.inputs if not one["any_batch"]]
        if not sizes:
            return self._invoke(given, indices)
        return run_on_device.in_batches(
            lambda rows: self._invoke([one[rows] for one in given], indices),
            np.arange(len(inputs)),
            sizes[0],
        )

    def _invoke(
        self, given: list[np.ndarray], indices: list[int]
    ) -> list[np.ndarray]:
        shapes = [values.shape for values in given]
        if shapes != self._shapes:
            for one, shape in zip(self.inputs, shapes, strict=True):
                self._interpreter.resize_tensor_input(
                    one["index"], shape, strict=True
                )
            self._interpreter.allocate_tensors()
            self._shapes = shapes
        self._interpreter.reset_all_variables()
        for one, values in zip(self.inputs, given, strict=True):
            self._interpreter.set_tensor(one["index"], values)
        self._interpreter.invoke()
        return [np.atleast_1d(self._interpreter.get_tensor(i)) for i in indices]


def returning_all(content: bytes) -> bytes:
    """Returns a file that returns all that depends on its inputs.

    What is no output, the fast kernels (XNNPACK) never write to a tensor, and
    the others write over.
    """
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
    return packed(model)


def packed(model: Any) -> bytes:
    """Returns a file, as the schema unpacks it, as bytes again."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
