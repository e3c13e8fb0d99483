"""The nets of keras.applications with seeded random weights, as .tflite files.

python -m tests.edge.lift.architectures FOLDER
"""

import functools
import sys
from pathlib import Path

import keras
import numpy as np

# Keras shows no builder whose depth can be chosen.
from keras.src.applications import densenet
from keras.src.applications import efficientnet
from keras.src.applications import nasnet

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


# Name -> what builds a net of the same kinds of layers with fewer of them.
SHALLOW = {
    "DenseNet121": functools.partial(densenet.DenseNet, (2, 3, 4, 3)),
    "EfficientNetB0": functools.partial(
        efficientnet.EfficientNet,
        width_coefficient=1.0,
        depth_coefficient=0.3,
        default_size=224,
        name="efficientnet",
    ),
    "NASNetMobile": functools.partial(
        nasnet.NASNet,
        penultimate_filters=1056,
        num_blocks=1,
        stem_block_filters=32,
        skip_reduction=False,
        filter_multiplier=2,
        default_size=224,
    ),
}


def random_net(name, images, shallow=False):
    """Returns a net with random weights.

    Its BatchNormalization has seen the images, so that activations stay in
    range.
    """
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    if shallow:
        build = SHALLOW.get(name, build)
    net = build(weights=None, input_shape=SHAPE, classes=CLASSES)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for start in range(0, len(images), 16):
        net(images[start : start + 16], training=True)
    return net


def export(name, folder, variants=VARIANTS, shallow=False):
    """Writes a net as .tflite files: variant -> path."""
    images = noise(64, seed=0)
    net = random_net(name, images, shallow)
    return ak.edge.export(net, folder, variants, images[:16])


if __name__ == "__main__":
    for each in NAMES:
        export(each, Path(sys.argv[1]) / each)
