"""AE400-10 of Szegedy et al. 2013: a frozen sparse encoder under a softmax."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras.models import registry

ENCODER = "encoder"  # the layer's name, by which training finds it


@registry.register("ae400-10")
def encoder_and_softmax(
    name: str,
    *,
    seed: int = 0,
    units: int = 400,
    classes: int = 10,
    weight_decay: float = 1e-6,
    input_shape: Sequence[int] = (28, 28, 1),
) -> keras.Model:
    """Builds a classifier on 400 sigmoid features that are not fine-tuned.

    The encoder's weights are random until
    `advkeras.training.pretrain_encoder` has trained them, without labels, as
    one half of an autoencoder.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights.
        units: Features of the encoder.
        classes: Number of logits.
        weight_decay: lambda of `lambda / 2 * sum(w^2)` on the softmax.
        input_shape: (height, width, channels).

    Returns:
        A model from images to logits, its encoder not trainable.
    """
    return keras.Sequential(
        [
            keras.Input(tuple(input_shape)),
            layers.Flatten(),
            layers.Dense(
                units,
                activation="sigmoid",
                kernel_initializer=keras.initializers.GlorotUniform(
                    seed=1000 * seed
                ),
                trainable=False,
                name=ENCODER,
            ),
            layers.Dense(
                classes,
                kernel_initializer=keras.initializers.GlorotUniform(
                    seed=1000 * seed + 1
                ),
                kernel_regularizer=keras.regularizers.L2(weight_decay / 2),
                name="logits",
            ),
        ],
        name=name,
    )
