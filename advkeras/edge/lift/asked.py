"""A .tflite file that is asked and not lifted: its scores, as a Keras model."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras.edge import flatbuffer
from advkeras.edge import runtimes
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor
from advkeras.models.wrapped import FunctionModel


def asked(interpreter: runtimes.Interpreter) -> keras.Model:
    """Makes a Keras model of what an interpreter says, without a gradient.

    Its scores are the numbers that the file's integers stand for. Those of a
    SOFTMAX are made to sum to 1 again, which its integers do not.

    Args:
        interpreter: Runs the file, for as long as the model is used.

    Returns:
        A model, (n, height, width, channels) in, (n, classes) out.
    """
    output = interpreter.output
    shares = flatbuffer.last_operator(interpreter.path) == "SOFTMAX"

    def scores_of(images: np.ndarray) -> np.ndarray:
        scores = _numbers(interpreter.predict(images).outputs, output)
        if shares:
            # Of many classes each may be too small for its integer.
            scores = np.maximum(scores, np.finfo(np.float32).tiny)
            scores = scores / scores.sum(axis=1, keepdims=True)
        return scores

    def ask(images: Any) -> Any:
        found = tf.numpy_function(scores_of, [images], tf.float32)
        return tf.ensure_shape(found, (None, output["shape"][-1]))

    return FunctionModel(
        ask,
        tf.TensorSpec((None, *interpreter.image_shape), tf.float32),
        interpreter.path.stem,
    )


def outline(interpreter: runtimes.Interpreter) -> Graph:
    """Returns all that is known of a file that cannot be read: its input."""
    given = interpreter.input
    shape = tuple(given["shape"])
    quantization = None
    if given["scale"] is not None:
        quantization = Quantization(
            np.array([given["scale"]], np.float32),
            np.array([given["zero_point"]], np.int64),
            0,
        )
    tensor = Tensor(
        index=0,
        name="images",
        dtype=given["dtype"],
        shape=shape,
        signature=shape,
        quantization=quantization,
        data=None,
    )
    return Graph(str(interpreter.path), (tensor,), (), (tensor,), ())


def _numbers(outputs: np.ndarray, output: dict[str, Any]) -> np.ndarray:
    """Returns what outputs stand for, float32."""
    if output["scale"] is None:
        return outputs.astype(np.float32)
    steps = outputs.astype(np.float32) - np.float32(output["zero_point"])
    return np.asarray(steps * np.float32(output["scale"]), np.float32)
