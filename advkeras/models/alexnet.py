"""AlexNet of Krizhevsky et al. 2012, in full size or small."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras import checks
from advkeras.models import registry
from advkeras.models.layers import LocalResponseNormalization


@registry.register("alexnet")
def alexnet(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (227, 227, 3),
    classes: int = 1000,
    width: float = 1.0,
    units: int = 4096,
    groups: int = 1,
    dropout: float = 0.5,
) -> keras.Model:
    """Builds five convolutions and three dense layers.

    As Krizhevsky et al. 2012, sections 3.3 to 3.5 and 4.2, but for the initial
    weights (He normal, biases 0) and for the mean that is taken from the
    images (a grey of 0.5, not the mean image).

    The first convolution grows with the images: of side s it steps by
    `stride = max(1, round(s / 57))` pixels with kernels of side
    `2 * stride + 3`. That is 11 by 4 at 227 and 5 by 1 up to 85.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights and of dropout.
        input_shape: (height, width, channels), sides of 27 or more.
        classes: Number of logits.
        width: Channels of the convolutions, as a share of 96, 256, 384, 384
            and 256.
        units: Units of both hidden dense layers.
        groups: Into how many the second, fourth and fifth convolution are
            split: 2 is the paper's two GPUs, 1 has the sizes in table 5 of
            Szegedy et al. 2013.
        dropout: Share of the dense layers' inputs that training drops, 0 or
            more and below 1.

    Returns:
        A model from images in [0, 1] to logits.

    Raises:
        ValueError: An argument is out of its range, or the channels cannot be
            split into the groups.
    """
    checks.check_positive("width", width)
    for argument, value in (("units", units), ("groups", groups)):
        checks.check_count(argument, value)
    if not 0 <= dropout < 1:
        raise ValueError(
            "`dropout` must be 0 or more and below 1. "
            f"Received: dropout={dropout!r}"
        )
    if min(input_shape[:2]) < 27:
        raise ValueError(
            "`input_shape` must have sides of 27 pixels or more. "
            f"Received: input_shape={tuple(input_shape)}"
        )
    channels = [round(width * c) for c in (96, 256, 384, 384, 256)]
    if min(channels) < 1 or any(c % groups for c in channels):
        raise ValueError(
            "`width` must give each convolution channels that `groups` "
            f"divides. Received: width={width!r}, groups={groups!r}, so "
            f"channels {channels}"
        )
    stride = max(1, round(min(input_shape[:2]) / 57))

    def convolution(i: int, size: int, **options: object) -> layers.Layer:
        return layers.Conv2D(
            channels[i],
            size,
            activation="relu",
            kernel_initializer=_he(seed, i),
            name=f"conv{i + 1}",
            **options,
        )

    stack: list[layers.Layer] = [
        keras.Input(tuple(input_shape)),
        layers.Rescaling(1.0, offset=-0.5),
        convolution(0, 2 * stride + 3, strides=stride),
        LocalResponseNormalization(),
        layers.MaxPooling2D(3, 2),
        convolution(1, 5, padding="same", groups=groups),
        LocalResponseNormalization(),
        layers.MaxPooling2D(3, 2),
        convolution(2, 3, padding="same"),
        convolution(3, 3, padding="same", groups=groups),
        convolution(4, 3, padding="same", groups=groups),
        layers.MaxPooling2D(3, 2),
        layers.Flatten(),
    ]
    for i in (5, 6):
        stack += [
            layers.Dropout(dropout, seed=1000 * seed + i),
            layers.Dense(
                units,
                activation="relu",
                kernel_initializer=_he(seed, i),
                name=f"dense{i - 4}",
            ),
        ]
    stack.append(
        layers.Dense(classes, kernel_initializer=_he(seed, 7), name="logits")
    )
    return keras.Sequential(stack, name=name)


@registry.register("alexnet-cifar10")
def alexnet_cifar10(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (32, 32, 3),
    classes: int = 10,
    width: float = 0.1875,
    units: int = 384,
    dropout: float = 0.25,
) -> keras.Model:
    """Builds an AlexNet for small images, narrow enough for a CPU.

    Args and errors are those of "alexnet".

    Returns:
        A model from images in [0, 1] to logits.
    """
    return alexnet(
        name,
        seed=seed,
        input_shape=input_shape,
        classes=classes,
        width=width,
        units=units,
        dropout=dropout,
    )


def _he(seed: int, layer: int) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=1000 * seed + layer)
