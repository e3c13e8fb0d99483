"""A .tflite file as Arm's TOSA, on the reference model of its specification."""

import io
import os
import re
import subprocess
import tempfile
from importlib import metadata

# Its neighbours: the folder of a script is on the path.
import described
import numpy as np
import opened
import run_on_device

_TOOLS = ("tosa-tools", "tosa-converter-for-tflite")


class ArmModel:
    """A .tflite file as Arm's TOSA, on the reference model of TOSA.

    TOSA's shapes are fixed: a file that takes any number of images is run as
    one that takes one. The reference model works through a batch image by
    image, and larger ones would save nothing.

    Args:
        content: Bytes of the file.
        threads: Is 1: the reference model has no threads.
    """

    def __init__(self, content: bytes, threads: int = 1):
        import tosa_reference_model

        self.runtime = ", ".join(f"{t} {metadata.version(t)}" for t in _TOOLS)
        self.input, self.output = described.ends(content)
        self._library = tosa_reference_model
        self._graph = _graph(of_fixed_shapes(content))

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the raw outputs, (n, ...), of inputs of the file's dtype."""
        return run_on_device.in_batches(
            lambda batch: [self._invoke(batch)], inputs, self.input["shape"][0]
        )[0]

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        outputs, status = self._library.run(self._graph, [inputs])
        if status != self._library.GraphStatus.TOSA_VALID:
            raise ValueError(f"the reference model ends with {status.name}")
        return outputs[0].view(self.output["dtype"])


def of_fixed_shapes(content: bytes) -> bytes:
    """Returns a file that takes one image where it took any number.

    The shape of a tensor is as for one image already; its signature has the
    -1. What is computed from a shape is a constant then.

    Raises:
        ValueError: More than the number of images is open.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for tensor in (t for graph in model.subgraphs for t in graph.tensors):
        found = tensor.shapeSignature
        signature = [] if found is None else [int(size) for size in found]
        if -1 in signature[1:]:
            raise ValueError(
                "TOSA takes no file of open shapes but for the number of "
                f"images; a tensor is of {signature}"
            )
        tensor.shapeSignature = None
    return opened.packed(model)


def _graph(content: bytes) -> bytes:
    """Returns a .tflite file of fixed shapes as a file of TOSA."""
    try:
        return _serialized(_converted(content, "Bytecode"))
    except ValueError as error:
        # What it cannot convert, the converter leaves as it is.
        text = _converted(content, "Text").decode(errors="replace")
        left = sorted(set(re.findall(r'"?tfl\.(\w+)"?\(', text)))
        if not left:
            raise
        names = ", ".join(left).upper()
        raise ValueError(f"TOSA has nothing for {names}") from error


def _converted(content: bytes, form: str) -> bytes:
    """Returns a .tflite file as TOSA in MLIR, "Bytecode" or "Text"."""
    import tosa_converter_for_tflite as converter

    found = io.BytesIO()
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        converter.tflite_flatbuffer_to_tosa_mlir(
            f"/proc/self/fd/{file.fileno()}",
            found,
            getattr(converter.TosaConverterOutputFormat, form),
        )
    return found.getvalue()


def _serialized(bytecode: bytes) -> bytes:
    """Returns TOSA in MLIR's bytecode as the file that is executed."""
    program = metadata.distribution("tosa-tools").locate_file("bin/tosa-opt")
    done = subprocess.run(
        [
            str(program),
            "--tosa-convert-integer-type-to-signless",
            "--tosa-serialize",
            "--tosa-flatbuffer-filename=/dev/stdout",
            f"-o={os.devnull}",
        ],
        input=bytecode,
        capture_output=True,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().split("\n")
        raise ValueError(f"tosa-opt cannot write it: {said[0]}")
    return done.stdout
