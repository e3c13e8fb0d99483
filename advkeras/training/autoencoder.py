"""Training of a frozen encoder as one half of a sparse autoencoder."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras import datasets
from advkeras import models
from advkeras.models.autoencoder import ENCODER

_WEIGHT_DECAY = 1e-3


class _Sparsity(keras.Regularizer):
    """Keeps each unit's mean activation over a batch near a small value."""

    def __init__(self, rate: float, weight: float):
        self.rate = rate
        self.weight = weight

    def __call__(self, activations: tf.Tensor) -> tf.Tensor:
        mean = tf.clip_by_value(tf.reduce_mean(activations, 0), 1e-6, 1 - 1e-6)
        rate = self.rate
        divergence = rate * tf.math.log(rate / mean) + (1 - rate) * tf.math.log(
            (1 - rate) / (1 - mean)
        )
        # Keras divides an activity loss by the size of the batch.
        batch = tf.cast(tf.shape(activations)[0], activations.dtype)
        return self.weight * batch * tf.reduce_sum(divergence)


def pretrain_encoder(
    model: keras.Model,
    images: Any,
    epochs: int,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> float:
    """Trains the encoder of an "ae400-10" model to reconstruct its images.

    Szegedy et al. 2013 do not say how their autoencoder was made sparse; this
    draws the mean activation of each unit towards 0.05 by its Kullback-Leibler
    divergence, and the weights towards 0, which gives features like pen
    strokes. The decoder is thrown away, and the encoder is left as it was
    found: not trainable.

    Args:
        model: A model with a layer named "encoder" on its flattened images.
        images: In [0, 1], (n, height, width, channels): an array, an
            `ImageSet` or a `tf.data.Dataset`; labels are not looked at.
        epochs: Passes over the images.
        seed: Seed of the decoder's weights and of the order of the images.
        callbacks: For the `fit` of the autoencoder.

    Returns:
        The last epoch's loss: half the squared error an image plus penalties.

    Raises:
        ValueError: The model has no such layer, or the images are not such
            as it takes.
    """
    checks.check_count("epochs", epochs)
    checks.check_seed("seed", seed)
    names = [layer.name for layer in model.layers]
    if ENCODER not in names:
        raise ValueError(
            f"`model` must have a layer named {ENCODER!r}. "
            f"Received: layers {', '.join(names)}"
        )
    images = datasets.images_of(images, (0.0, 1.0), models.image_shape(model))
    frozen = model.get_layer(ENCODER)
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((int(np.prod(images.shape[1:])),))
    encoder = keras.layers.Dense(
        frozen.units,
        activation=frozen.activation,
        kernel_regularizer=keras.regularizers.L2(_WEIGHT_DECAY),
        activity_regularizer=_Sparsity(rate=0.05, weight=0.3),
    )
    decoder = keras.layers.Dense(
        inputs.shape[-1],
        activation="sigmoid",
        kernel_regularizer=keras.regularizers.L2(_WEIGHT_DECAY),
    )
    autoencoder = keras.Model(inputs, decoder(encoder(inputs)))
    encoder.set_weights(frozen.get_weights())

    flat = images.reshape(len(images), -1)
    batch_size = 256
    steps = epochs * -(-len(flat) // batch_size)
    autoencoder.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(2e-3, steps)
        ),
        loss=lambda x, y: tf.reduce_sum(tf.square(x - y), axis=-1) / 2,
    )
    history = autoencoder.fit(
        flat,
        flat,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=list(callbacks),
        verbose=0,
    )
    frozen.set_weights(encoder.get_weights())
    return history.history["loss"][-1]
