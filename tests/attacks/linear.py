"""A linear classifier, for which the best perturbations are known."""

import keras
import numpy as np
from keras import layers

import advkeras as ak

SHAPE = (4, 4, 1)


def linear(classes=2, seed=0, scale=1.0):
    """Returns (classifier, kernel (16, classes), bias) of random weights."""
    random = np.random.default_rng(seed)
    kernel = scale * random.normal(size=(16, classes)).astype(np.float32)
    # The boundaries pass near the middle of the box.
    bias = (0.1 * random.normal(size=classes) - kernel.sum(0) / 2).astype(
        np.float32
    )
    model = keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(classes)]
    )
    model.layers[-1].set_weights([kernel, bias])
    return ak.Classifier(model, bounds=(0.0, 1.0)), kernel, bias


def grey(n, seed=0, spread=0.1):
    """Returns images far from the bounds, so that the box does not bind."""
    random = np.random.default_rng(seed)
    noise = random.uniform(-spread, spread, size=(n, *SHAPE))
    return (0.5 + noise).astype(np.float32)
