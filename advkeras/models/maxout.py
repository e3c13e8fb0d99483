"""Maxout nets: the largest of several linear pieces, not a curve."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from advkeras import checks
from advkeras.models import registry

_PIECES = 5
_MAX_NORM = 1.9365  # of the weights into one piece
_SPREAD = 0.005  # of the initial weights


@registry.register("maxout")
def maxout(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    units: int = 240,
    depth: int = 2,
    pieces: int = _PIECES,
    dropout: tuple[float, float] = (0.2, 0.5),
    l1: float = 0.0,
) -> keras.Model:
    """Builds dense maxout layers and logits, of Keras's own layers alone.

    The net of Goodfellow et al. 2014, section 6; `units` is 240 there, then
    1600. That paper gives no more; the rest is the permutation-invariant
    MNIST net of Goodfellow et al. 2013, "Maxout networks", as released: two
    layers, five pieces, dropout of images and units, a bound on the norm of
    the weights into each piece.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights and of dropout.
        input_shape: (height, width, channels).
        classes: Number of logits.
        units: Of each hidden layer.
        depth: Hidden layers.
        pieces: Linear pieces of each unit, 2 or more.
        dropout: Share of the pixels, and of the units, that is left out.
        l1: Coefficient of the L1 norm of the first layer's weights, which is
            added to the loss.

    Returns:
        A model from images in [0, 1] to logits.

    Raises:
        ValueError: An argument is out of its range.
    """
    _check(units=units, depth=depth, pieces=pieces)
    checks.check_not_negative("l1", l1)
    stack: list[layers.Layer] = [
        keras.Input(tuple(input_shape)),
        layers.Flatten(),
        *_dropout(dropout[0], seed, 0),
    ]
    for i in range(depth):
        stack += [
            layers.Dense(
                units * pieces,
                **_weights(seed, i),
                kernel_regularizer=(
                    keras.regularizers.L1(l1) if l1 and not i else None
                ),
                name=f"pieces{i + 1}",
            ),
            # A unit's pieces lie `units` apart: units side by side pool fast.
            layers.Reshape((pieces, units)),
            layers.MaxPooling1D(pieces),
            layers.Flatten(name=f"hidden{i + 1}"),
            *_dropout(dropout[1], seed, i + 1),
        ]
    stack.append(layers.Dense(classes, **_weights(seed, depth), name="logits"))
    return keras.Sequential(stack, name=name)


@registry.register("conv-maxout")
def conv_maxout(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (32, 32, 3),
    classes: int = 10,
    channels: Sequence[int] = (24, 48, 48),
    pieces: int = 2,
    dropout: tuple[float, float] = (0.0, 0.2),
) -> keras.Model:
    """Builds convolutions of maxout channels with pooling, and logits.

    After the CIFAR-10 net of Goodfellow et al. 2013, a quarter as wide and
    without its dense maxout layer: in `saved_models` it had 40 minutes on two
    cores. Of a net so small less is left out, and its convolutions start from
    He's initial weights, with which it learns sooner than with that net's.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights and of dropout.
        input_shape: (height, width, channels), of a size that is halved once
            for each convolution.
        classes: Number of logits.
        channels: Of each convolution, after the largest piece was taken.
        pieces: Linear pieces of each channel, 2 or more.
        dropout: Share of the pixels, and of the values of maps, left out.

    Returns:
        A model from images in [0, 1] to logits.

    Raises:
        ValueError: An argument is out of its range.
    """
    _check(
        pieces=pieces, **{f"channels[{i}]": c for i, c in enumerate(channels)}
    )
    height, width = input_shape[:2]
    stack: list[layers.Layer] = [
        keras.Input(tuple(input_shape)),
        *_dropout(dropout[0], seed, 0),
    ]
    for i, count in enumerate(channels):
        stack += [
            layers.Conv2D(
                count * pieces,
                5 if i else 8,
                padding="same",
                kernel_initializer=keras.initializers.HeUniform(
                    seed=1000 * seed + i
                ),
                kernel_constraint=keras.constraints.MaxNorm(
                    _MAX_NORM, (0, 1, 2)
                ),
                name=f"pieces{i + 1}",
            ),
            # As in the dense net: a channel's pieces lie `count` apart.
            layers.Reshape((height * width, pieces, count)),
            layers.MaxPooling2D((1, pieces)),
            layers.Reshape((height, width, count), name=f"conv{i + 1}"),
            layers.MaxPooling2D(),
            *_dropout(dropout[1], seed, i + 1),
        ]
        height, width = height // 2, width // 2
    stack += [
        layers.Flatten(),
        layers.Dense(classes, **_weights(seed, len(channels)), name="logits"),
    ]
    return keras.Sequential(stack, name=name)


def _weights(seed: int, layer: int) -> dict[str, Any]:
    return {
        "kernel_initializer": keras.initializers.RandomUniform(
            -_SPREAD, _SPREAD, seed=1000 * seed + layer
        ),
        "kernel_constraint": keras.constraints.MaxNorm(_MAX_NORM),
    }


def _dropout(rate: float, seed: int, layer: int) -> list[layers.Layer]:
    return [layers.Dropout(rate, seed=1000 * seed + layer)] if rate else []


def _check(pieces: int, **counts: int) -> None:
    for name, count in {"pieces": pieces, **counts}.items():
        checks.check_count(name, count)
    if pieces < 2:
        raise ValueError(
            f"`pieces` must be 2 or more. Received: pieces={pieces}"
        )
