"""Small ReLU convolutional nets: the kind that is shipped to devices."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras.models import registry


@registry.register("conv-mnist")
def conv_mnist(
    name: str,
    *,
    seed: int = 0,
    classes: int = 10,
    input_shape: Sequence[int] = (28, 28, 1),
) -> keras.Model:
    """Builds two convolutions and two dense layers, 0.1 million weights.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights.
        classes: Number of logits.
        input_shape: (height, width, channels).

    Returns:
        A model from images in [0, 1] to logits.
    """
    stack: list[layers.Layer] = [keras.Input(tuple(input_shape))]
    for i, width in enumerate((16, 32)):
        stack += [
            layers.Conv2D(
                width,
                3,
                padding="same",
                activation="relu",
                kernel_initializer=_he(seed, i),
            ),
            layers.MaxPooling2D(),
        ]
    stack += [
        layers.Flatten(),
        layers.Dense(64, activation="relu", kernel_initializer=_he(seed, 2)),
        layers.Dense(classes, kernel_initializer=_he(seed, 3), name="logits"),
    ]
    return keras.Sequential(stack, name=name)


@registry.register("conv-cifar10")
def conv_cifar10(
    name: str,
    *,
    seed: int = 0,
    classes: int = 10,
    widths: Sequence[int] = (32, 64, 128, 128),
    input_shape: Sequence[int] = (32, 32, 3),
) -> keras.Model:
    """Builds convolutions with batch normalisation and a mean over the map.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights.
        classes: Number of logits.
        widths: Channels of each convolution; the first three are followed by
            pooling.
        input_shape: (height, width, channels).

    Returns:
        A model from images in [0, 1] to logits.
    """
    stack: list[layers.Layer] = [keras.Input(tuple(input_shape))]
    for i, width in enumerate(widths):
        stack += [
            layers.Conv2D(
                width,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer=_he(seed, i),
            ),
            # 0.9: the statistics settle within the few epochs of a CPU run.
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
        ]
        if i < 3:
            stack.append(layers.MaxPooling2D())
    stack += [
        layers.GlobalAveragePooling2D(),
        layers.Dense(
            classes, kernel_initializer=_he(seed, len(widths)), name="logits"
        ),
    ]
    return keras.Sequential(stack, name=name)


def _he(seed: int, layer: int) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=1000 * seed + layer)
