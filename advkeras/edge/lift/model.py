"""From a .tflite file back to a Keras model."""

import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from advkeras import checks
from advkeras.edge import runtimes
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.program import Program
from advkeras.edge.lift.reader import read
from advkeras.edge.lift.refusal import CannotBeLiftedError
from advkeras.edge.lift.scores import Logits
from advkeras.edge.lift.scores import logits_of

_OUTPUTS = ("file", "logits")


def lift(
    source: str | os.PathLike | Graph | Program,
    outputs: str = "file",
    runtime: str = "litert",
) -> keras.Model:
    """Makes a differentiable Keras model of a .tflite file.

    Takes and returns float32, whatever the file's types: a quantised tensor
    is the numbers that its integers stand for. Every rounding of the file is
    one here, with a straight-through gradient. Takes any number of images.

    Args:
        source: The file, or what was read of it.
        outputs: "file" for all that the file returns, in its order; "logits"
            for what its last softmax is given, where it has one. Those of one
            LOGISTIC unit are (0, z), of scores (n, 1, 1, classes) without the
            dimensions of 1: (n, classes).
        runtime: Whose arithmetic it has where the kernels of runtimes round
            otherwise: "litert", "litert-reference" or "tflm".

    Returns:
        A functional Keras model, (n, ...) in, (n, ...) out; not trainable.

    Raises:
        ValueError: The file cannot be read.
        CannotBeLiftedError: It has an operator that is not known or cannot
            work as it is written: the error names the operator, its index and
            the file. A ValueError too.

    Example:
        >>> model = ak.edge.lift("someones_int8.tflite")
        >>> scores = model(images)
    """
    checks.check_choice("outputs", outputs, _OUTPUTS)
    runtimes.check_lifted(runtime)
    program = as_program(source, runtime)
    graph = program.graph
    ends = [logits_of(graph, tensor) for tensor in graph.outputs]
    wanted = graph.outputs
    if outputs == "logits":
        wanted = tuple(end.tensor for end in ends)
    images = [
        keras.Input([None if s == -1 else s for s in tensor.signature[1:]])
        for tensor in graph.inputs
    ]
    found = _Layer(program, wanted)(*images)
    if outputs == "logits":
        found = [
            _LogitsLayer(end)(values)
            for end, values in zip(ends, found, strict=True)
        ]
    if len(found) == 1:
        found = found[0]
    given = images[0] if len(images) == 1 else images
    return keras.Model(given, found, name=_name(graph.path))


def as_program(
    source: str | os.PathLike | Graph | Program, runtime: str = "litert"
) -> Program:
    """Returns what computes a .tflite file; as `lift`."""
    if isinstance(source, Program):
        if source.runtime == runtime:
            return source
        source = source.graph
    graph = source if isinstance(source, Graph) else read(source)
    try:
        return Program(graph, runtime)
    except (MemoryError, ValueError) as error:
        raise CannotBeLiftedError(graph.path, str(error)) from error


class _Layer(keras.layers.Layer):
    """Computes a program; has no weights that Keras knows of."""

    def __init__(self, program: Program, wanted: tuple[Tensor, ...]):
        super().__init__(trainable=False, dtype="float32")
        self._program = program
        self._wanted = wanted

    def call(self, *images: tf.Tensor) -> Any:
        return self._program(list(images), self._wanted)

    def compute_output_spec(self, *_: Any) -> Any:
        return [
            keras.KerasTensor(
                (None, *(None if s == -1 else s for s in t.signature[1:]))
            )
            for t in self._wanted
        ]


class _LogitsLayer(keras.layers.Layer):
    """Makes logits of what their tensor holds."""

    def __init__(self, logits: Logits):
        super().__init__(trainable=False, dtype="float32")
        self._logits = logits

    def call(self, values: tf.Tensor) -> tf.Tensor:
        return self._logits.of(values)


def _name(path: str) -> str:
    # Keras names scopes after models.
    stem = "".join(c if c.isalnum() else "_" for c in Path(path).stem)
    return stem.strip("_") or "lifted"
