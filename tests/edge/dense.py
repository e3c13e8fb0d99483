"""A net of one dense layer, and what its quantised file must answer."""

import tempfile

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from advkeras.edge.quiet import quiet

SHAPE = (4, 4, 1)
CLASSES = 3


def model(seed=0):
    """Returns a Keras model of one dense layer with random weights."""
    random = np.random.default_rng(seed)
    net = keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(CLASSES)]
    )
    net.layers[-1].set_weights(
        [random.normal(size=(16, CLASSES)), random.normal(size=CLASSES)]
    )
    return net


def images(n, seed=0):
    """Returns random images for it."""
    random = np.random.default_rng(seed)
    return random.random((n, *SHAPE), np.float32)


def convert(net, calibration=None, io=None, batch=None):
    """Returns a Keras model as the bytes of a .tflite file.

    Args:
        net: The model.
        calibration: Images; with any, weights and activations are int8.
        io: Type of input and output.
        batch: Images at a time; None for any number.
    """
    with quiet(), tempfile.TemporaryDirectory() as folder:
        signature = batch and [
            keras.InputSpec("float32", (batch, *net.input_shape[1:]))
        ]
        net.export(folder, verbose=False, input_signature=signature)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if calibration is not None:
            rows = batch or 1
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [calibration[i : i + rows]]
                for i in range(0, len(calibration) - rows + 1, rows)
            )
            converter.target_spec.supported_ops = [
                tf.lite.OpsSet.TFLITE_BUILTINS_INT8
            ]
            converter.inference_input_type = io
            converter.inference_output_type = io
        return converter.convert()


class Arithmetic:
    """The int8 file's arithmetic, in NumPy, with the numbers of the file.

    Args:
        path: The int8 file of `model`.
    """

    def __init__(self, path):
        interpreter = Interpreter(str(path))
        details = {d["index"]: d for d in interpreter.get_tensor_details()}
        self.given = interpreter.get_input_details()[0]
        self.returned = interpreter.get_output_details()[0]
        (self.kernel, self.kernel_scale), (self.bias, _) = [
            (
                interpreter.get_tensor(index),
                detail["quantization_parameters"]["scales"],
            )
            for dtype, shape in (
                (np.int8, [CLASSES, 16]),
                (np.int32, [CLASSES]),
            )
            for index, detail in details.items()
            if detail["dtype"] == dtype and list(detail["shape"]) == shape
        ]

    def quantised(self, values):
        """Returns images as the input holds them, ties to even, int64."""
        scale, zero = self.given["quantization"]
        steps = np.rint(values.astype(np.float32) / np.float32(scale)) + zero
        return steps.astype(np.int64).clip(-128, 127)

    def exact(self, values):
        """Returns outputs in steps of the output, before they are rounded."""
        scale_in, zero_in = self.given["quantization"]
        scale_out, zero_out = self.returned["quantization"]
        inputs = self.quantised(values).reshape(len(values), 16) - zero_in
        sums = inputs @ self.kernel.astype(np.int64).T + self.bias
        return sums * (scale_in * self.kernel_scale / scale_out) + zero_out

    def outputs(self, values):
        """Returns (outputs, int64, and which of them are no close call)."""
        exact = self.exact(values)
        sure = np.abs(exact - np.floor(exact) - 0.5) > 1e-3
        return np.rint(exact).clip(-128, 127).astype(np.int64), sure
