"""The nets of keras.applications with seeded random weights, as .tflite files.

python -m tests.edge.lift.architectures FOLDER
"""

import sys
from pathlib import Path

import keras
import numpy as np

import advkeras as ak

SHAPE = (96, 96, 3)
CLASSES = 10
NAMES = (
    "DenseNet121",
    "EfficientNetB0",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "ResNet50V2",
)
VARIANTS = ("float32", "int8")


def noise(n, seed):
    """Returns images of noise."""
    return np.random.default_rng(seed).random((n, *SHAPE), np.float32)


def random_net(name, images):
    """Returns a net with random weights.

    Its BatchNormalization has seen the images, so that activations stay in
    range.
    """
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    net = build(weights=None, input_shape=SHAPE, classes=CLASSES)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for start in range(0, len(images), 16):
        net(images[start : start + 16], training=True)
    return net


def export(name, folder):
    """Writes a net as .tflite files: variant -> path."""
    images = noise(64, seed=0)
    return ak.edge.export(
        random_net(name, images), folder, VARIANTS, images[:16]
    )


if __name__ == "__main__":
    for each in NAMES:
        export(each, Path(sys.argv[1]) / each)
