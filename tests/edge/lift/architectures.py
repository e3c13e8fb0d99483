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


def random_net(name, images):
    """Returns a net with random weights that tells noise images apart.

    Its BatchNormalization has seen the images, so that activations stay in
    range; its last layer is stretched until the logits differ between images.
    """
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    net = build(weights=None, input_shape=SHAPE, classes=CLASSES)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5
    for start in range(0, len(images), 16):
        net(images[start : start + 16], training=True)
    below = ak.models.logits_function(net)
    logits = np.concatenate([below(i[None]) for i in images])
    kernel, bias = last_weights(net)
    stretch = 2 / logits.std(axis=0).mean()
    kernel.assign(kernel * stretch)
    bias.assign((bias - logits.mean(axis=0)) * stretch)
    return net


def last_weights(net):
    """Returns kernel and bias of the layer that makes the logits."""
    layer = next(la for la in reversed(net.layers) if la.weights)
    return layer.kernel, layer.bias


def export(name, folder):
    """Writes a net as .tflite files: variant -> path."""
    images = np.random.default_rng(0).random((64, *SHAPE), np.float32)
    net = random_net(name, images)
    return ak.edge.export(net, folder, VARIANTS, images[:16])


if __name__ == "__main__":
    for each in NAMES:
        print(*export(each, Path(sys.argv[1]) / each).values(), sep="\n")
