"""From a .tflite file back to a Keras model."""

import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from advkeras import checks
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.program import Program
from advkeras.edge.lift.reader import read

_OUTPUTS = ("file", "logits")
_CONVERSIONS = ("DEQUANTIZE", "QUANTIZE")


def lift(
    source: str | os.PathLike | Graph | Program, outputs: str = "file"
) -> keras.Model:
    """Makes a differentiable Keras model of a .tflite file.

    Takes and returns float32, whatever the file's types: a quantised tensor
    is the numbers that its integers stand for. Every rounding of the file is
    one here, with a straight-through gradient. Takes any number of images.

    Args:
        source: The file, or what was read of it.
        outputs: "file" for all that the file returns, in its order; "logits"
            for what its last softmax is given, where it has one.

    Returns:
        A functional Keras model, (n, ...) in, (n, ...) out; not trainable.

    Raises:
        ValueError: The file cannot be read, or has an operator that is not
            known or cannot work as it is written: the error names the
            operator, its index and the file.

    Example:
        >>> model = ak.edge.lift("someones_int8.tflite")
        >>> scores = model(images)
    """
    checks.check_choice("outputs", outputs, _OUTPUTS)
    program = as_program(source)
    graph = program.graph
    wanted = tuple(
        (outputs == "logits" and below_softmax(graph, tensor)) or tensor
        for tensor in graph.outputs
    )
    images = [
        keras.Input([None if s == -1 else s for s in tensor.signature[1:]])
        for tensor in graph.inputs
    ]
    found = _Layer(program, wanted)(*images)
    given = images[0] if len(images) == 1 else images
    return keras.Model(given, found, name=_name(graph.path))


def as_program(source: str | os.PathLike | Graph | Program) -> Program:
    """Returns what computes a .tflite file; as `lift`."""
    if isinstance(source, Program):
        return source
    graph = source if isinstance(source, Graph) else read(source)
    try:
        return Program(graph)
    except (MemoryError, ValueError) as error:
        raise ValueError(
            "`path` must be a .tflite file that can be lifted. "
            f"Received: path={graph.path!r} ({error})"
        ) from error


def below_softmax(graph: Graph, output: Tensor) -> Tensor | None:
    """Returns the logits of an output: what its softmax is given.

    Args:
        graph: The graph.
        output: An output of it; between it and its softmax there may be
            conversions of type.

    Returns:
        The tensor of logits; None where there is no softmax.
    """
    writers = {t.index: op for op in graph.operators for t in op.outputs}
    operator = writers.get(output.index)
    while operator is not None and operator.name in _CONVERSIONS:
        given = operator.inputs[0]
        operator = writers.get(given.index) if given is not None else None
    if operator is None or operator.name != "SOFTMAX":
        return None
    return operator.inputs[0] if operator.options["beta"] == 1 else None


class _Layer(keras.layers.Layer):
    """Computes a program; has no weights that Keras knows of."""

    def __init__(self, program: Program, wanted: tuple[Tensor, ...]):
        super().__init__(trainable=False, dtype="float32")
        self._program = program
        self._wanted = wanted

    def call(self, *images: tf.Tensor) -> Any:
        found = self._program(list(images), self._wanted)
        return found[0] if len(found) == 1 else found

    def compute_output_spec(self, *_: Any) -> Any:
        specs = [
            keras.KerasTensor(
                (None, *(None if s == -1 else s for s in t.signature[1:]))
            )
            for t in self._wanted
        ]
        return specs[0] if len(specs) == 1 else specs


def _name(path: str) -> str:
    # Keras names scopes after models.
    stem = "".join(c if c.isalnum() else "_" for c in Path(path).stem)
    return stem.strip("_") or "lifted"
