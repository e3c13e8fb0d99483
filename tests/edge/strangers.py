"""Small nets as other people make them, each with a trait of its own."""

import keras
import numpy as np
import tensorflow as tf

from advkeras.edge.quiet import quiet
from advkeras.edge.runtimes.interpreter import Interpreter
from tests.edge import dense

layers = keras.layers


def net(*inside, shape=(28, 28, 1), **of_input):
    """Returns a classifier of ten classes, of random weights."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(shape, **of_input),
            *inside,
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def augmented():
    """Its augmentation is inside, as Keras's tutorials have it."""
    return net(
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.Conv2D(4, 3, activation="relu"),
    )


def without_channels():
    """Takes (28, 28)."""
    return net(layers.Dense(8, activation="relu"), shape=(28, 28))


def flat():
    """Takes (784,)."""
    return net(layers.Dense(16, activation="relu"), shape=(784,))


def of_bytes():
    """Takes uint8."""
    inside = [layers.Rescaling(1 / 255), layers.Conv2D(4, 3)]
    return net(*inside, dtype="uint8")


def in_double():
    """Computes in float64."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="float64"),
            layers.Flatten(dtype="float64"),
            layers.Dense(10, dtype="float64"),
        ]
    )


def in_half():
    """Computes in float16, as GPUs like it."""
    half = {"dtype": "mixed_float16"}
    return net(layers.Conv2D(4, 3, activation="relu", **half))


def recurrent(batch_size=None):
    """Reads an image line by line."""
    inside = [layers.Reshape((28, 28)), layers.LSTM(4)]
    return net(*inside, batch_size=batch_size)


def multiplying():
    """Multiplies two matrices that it computes, with a ReLU above.

    One of them from the darkest that a mean of pixels can be: it is the same
    for all images.
    """
    keras.utils.set_random_seed(0)
    images = keras.Input((28, 28, 1))
    pixels = layers.Flatten()(images)
    mean = keras.ops.mean(pixels, axis=(0, 1), keepdims=True)
    random = keras.initializers.RandomNormal()
    computed = layers.Dense(32 * 16, bias_initializer=random)
    weights = computed(keras.ops.minimum(mean, 0.0))
    matrix = keras.ops.reshape(weights, (32, 16))
    product = keras.ops.matmul(layers.Dense(32)(pixels), matrix)
    values = layers.ReLU(name="lost")(product)
    return keras.Model(images, layers.Dense(10)(values))


def dead():
    """Nothing passes its first layer."""
    below = keras.initializers.Constant(-1e3)
    first = layers.Conv2D(4, 3, activation="relu", bias_initializer=below)
    return net(first, layers.Conv2D(4, 3))


def quantised(mode):
    """Quantised by Keras itself: one layer of several blocks."""
    model = net(layers.Flatten(), layers.Dense(300, activation="relu"))
    model.quantize(mode)
    return model


def of_gptq(images):
    """Quantised by Keras with GPTQ, as far as that takes images.

    It is made for text: what it calibrates on becomes integers, in windows
    that begin anywhere. So pixels are bytes, there is one window of all, and
    what comes before the blocks cuts it into images.

    Args:
        images: To calibrate on, 0 to 255.
    """
    inside = [
        layers.Rescaling(1 / 255),
        layers.AveragePooling2D(4),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
    ]
    model = net(*inside)
    *before, first, _, last = model.layers
    whole = keras.layers.Lambda(lambda x: keras.ops.reshape(x, images.shape))
    config = keras.quantizers.GPTQConfig(
        dataset=[images],
        tokenizer=len,  # must be there, and is not asked
        num_samples=1,
        sequence_length=images.size,
        quantization_layer_structure={
            "pre_block_layers": [whole, *before],
            "sequential_blocks": [first, last],
        },
    )
    model.quantize("gptq", config=config)
    return model


def coarse(model):
    """Returns what says the same as a model, and holds a large number too."""
    logits = model.layers[-1].output
    large = 1e4 * keras.ops.ones_like(logits)
    both = layers.Concatenate()([logits, large])
    pick = keras.initializers.Constant(np.eye(20, 10))
    values = layers.Dense(10, use_bias=False, kernel_initializer=pick)(both)
    return keras.Model(model.inputs, values)


def outputs(path, images):
    """Returns the outputs of a file as real numbers."""
    with Interpreter(path, "litert-reference") as interpreter:
        raw = interpreter.predict(images).outputs.astype(np.float64)
        about = interpreter.output
    if about["scale"] is None:
        return raw
    return (raw - about["zero_point"]) * about["scale"]


def of_several_outputs(folder):
    """Writes a file of a map, of scores and of others, which it names."""
    keras.utils.set_random_seed(3)
    given = keras.Input(dense.SHAPE)
    values = layers.Conv2D(4, 3, padding="same", activation="relu")(given)
    flat = layers.Flatten()(values)
    model = keras.Model(
        given,
        {
            "heat": layers.Conv2D(2, 1)(values),
            "scores": layers.Dense(3)(flat),
            "other": layers.Dense(5)(flat),
        },
    )
    path = folder / "two.tflite"
    with quiet():
        model.export(folder / "saved", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(folder / "saved")
        )
        path.write_bytes(converter.convert())
    return path
