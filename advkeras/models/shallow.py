"""The nets without a hidden layer of Goodfellow et al. 2014."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras import checks
from advkeras.models import registry
from advkeras.models.layers import RadialBasis


@registry.register("rbf")
def rbf(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
) -> keras.Model:
    """Builds one radial basis unit a class: sure only near what it knows.

    The probability of a class is exp(logit), of each on its own; train it by
    the loss "exponential" (its recipe does).

    Args:
        name: Name of the model.
        seed: Seed of the initial centres.
        input_shape: (height, width, channels).
        classes: Number of units.

    Returns:
        A model from images to logits, each 0 or less.

    Raises:
        ValueError: `classes` is not a whole number of at least 1.

    Source: Goodfellow et al. 2014, section 7.
    """
    checks.check_count("classes", classes)
    return keras.Sequential(
        [
            keras.Input(tuple(input_shape)),
            layers.Flatten(),
            RadialBasis(
                classes,
                keras.initializers.RandomUniform(0, 0.2, seed=1000 * seed),
                name="logits",
            ),
        ],
        name=name,
    )


@registry.register("logistic")
def logistic(
    name: str,
    *,
    seed: int = 0,
    weight_decay: float = 0.0,
    input_shape: Sequence[int] = (28, 28, 1),
) -> keras.Model:
    """Builds logistic regression, with a logit for each of its two classes.

    The score w.x + b is the second logit less the first: each has half.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights.
        weight_decay: lambda of `lambda / 2 * sum(w^2)`, without the bias.
        input_shape: (height, width, channels).

    Returns:
        A model from images to logits, (n, 2).

    Source: Goodfellow et al. 2014, section 5.
    """
    images = keras.Input(tuple(input_shape))
    score = layers.Dense(
        1,
        kernel_initializer=keras.initializers.GlorotUniform(seed=1000 * seed),
        kernel_regularizer=keras.regularizers.L2(weight_decay / 2),
        name="score",
    )(layers.Flatten()(images))
    halves = [layers.Rescaling(share)(score) for share in (-0.5, 0.5)]
    return keras.Model(
        images, layers.Concatenate(name="logits")(halves), name=name
    )
