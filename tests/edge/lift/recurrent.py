"""Recurrent nets over the rows of images, as .tflite files.

The converter fuses a loop into one operator where it knows the function that
has it: that of an LSTM as Keras 2 wrote it, for one image at a time. Keras 3
writes it otherwise. So a layer's weights go into such a function here.
"""

import keras
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers

from advkeras.edge.quiet import quiet
from tests.edge.lift import files

SHAPE = (28, 28)
# What the converter looks for in a function.
_KNOWN = {
    "api_implements": "lstm_of_keras",
    "api_preferred_device": "CPU",
    "go_backwards": False,
}


def classifier(units, layer=layers.LSTM, classes=10, **settings):
    """Returns a Keras model of one recurrent layer, untrained, seeded."""
    keras.utils.set_random_seed(0)
    given = keras.Input((*SHAPE, 1), **settings)
    rows = layers.Reshape(SHAPE)(given)
    return keras.Model(given, layers.Dense(classes)(layer(units)(rows)))


def fused(model, kind, folder, seen=None, time_major=False):
    """Returns a classifier with an LSTM as a file with the fused operator.

    Args:
        model: Made by `classifier`.
        kind: "float32", "dynamic" or "int8".
        folder: Where a SavedModel is written.
        seen: Images to calibrate with, (n, 28, 28).
        time_major: Whether the file takes (28, 1, 28).
    """
    weights = [tf.Variable(values) for values in model.get_weights()]
    lstm = tf.function(
        _standard_lstm,
        autograph=False,
        experimental_attributes={**_KNOWN, "time_major": time_major},
    )
    units = weights[1].shape[0]

    def function(rows):
        kernel, recurrent, bias, dense, offset = map(tf.identity, weights)
        written, cells = (tf.zeros((1, units)) for _ in range(2))
        found = lstm(rows, written, cells, kernel, recurrent, bias)[0]
        return tf.matmul(found, dense) + offset

    shape = (28, 1, 28) if time_major else (1, *SHAPE)
    module = tf.Module()
    module.weights = weights
    module.function = tf.function(
        function, input_signature=[tf.TensorSpec(shape)], autograph=False
    )
    with quiet():
        tf.saved_model.save(
            module, folder, module.function.get_concrete_function()
        )
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        seen = [] if seen is None else [[one.reshape(shape)] for one in seen]
        return files.of_kind(converter, kind, seen)


def changed(content, change):
    """Returns a file whose first operator was changed.

    Args:
        content: Bytes of a file.
        change: Takes that operator and its graph, as the schema has them.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    graph.outputs = graph.outputs.tolist()
    graph.operators[0].inputs = graph.operators[0].inputs.tolist()
    change(graph.operators[0], graph)
    return files.packed(model)


def _standard_lstm(inputs, init_h, init_c, kernel, recurrent_kernel, bias):
    """An LSTM; its body is replaced, its name and arguments are not."""
    by_step = inputs.shape[1] == 1
    rows = inputs if by_step else tf.transpose(inputs, (1, 0, 2))

    def step(before, row):
        gates = tf.matmul(row, kernel) + bias
        gates += tf.matmul(before[0], recurrent_kernel)
        enter, keep, new, leave = tf.split(gates, 4, axis=1)
        cells = tf.sigmoid(keep) * before[1]
        cells += tf.sigmoid(enter) * tf.tanh(new)
        return [tf.sigmoid(leave) * tf.tanh(cells), cells]

    written, cells = tf.scan(step, rows, [init_h, init_c])
    every = written if by_step else tf.transpose(written, (1, 0, 2))
    return written[-1], every, written[-1], cells[-1], tf.constant(1.0)


def train(model, data, epochs=6):
    """Trains a classifier on images."""
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(True))
    model.fit(data.images, data.labels, 64, epochs, verbose=0)
