"""The encoder learns sparse features without labels, and stays frozen."""

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.models.autoencoder import ENCODER
from advkeras.training import autoencoder


def build():
    return ak.models.build("ae400-10", units=30)


def activations(model, images):
    encoder = model.get_layer(ENCODER)
    return np.asarray(encoder(images.reshape(len(images), -1)))


def test_the_encoder_changes_and_the_softmax_does_not(digits):
    model = build()
    before = model.get_weights()
    ak.training.pretrain_encoder(model, digits.images, epochs=1)
    changed = [
        not np.array_equal(a, b)
        for a, b in zip(before, model.get_weights(), strict=True)
    ]
    assert changed == [True, True, False, False]
    assert not model.get_layer(ENCODER).trainable
    assert model.optimizer is None


def test_features_are_sparse(digits):
    """The mean activation of a unit comes near 0.1, from near 0.5."""
    model = build()
    means = [activations(model, digits.images).mean(axis=0)]
    ak.training.pretrain_encoder(model, digits.images, epochs=60)
    means.append(activations(model, digits.images).mean(axis=0))
    assert 0.3 < np.median(means[0]) < 0.7
    assert abs(np.median(means[1]) - 0.1) < 0.05
    assert means[1].max() < 0.3


def test_features_say_more_of_the_digits_than_random_ones(digits):
    """By how well a linear map of them gives the images back."""

    def residual(features):
        x = np.column_stack([features, np.ones(len(features))])
        y = digits.images.reshape(len(x), -1)
        return np.square(y - x @ np.linalg.lstsq(x, y)[0]).mean()

    model = build()
    before = residual(activations(model, digits.images))
    ak.training.pretrain_encoder(model, digits.images, epochs=60)
    assert residual(activations(model, digits.images)) < before


def test_sparsity_is_a_kullback_leibler_divergence():
    penalty = autoencoder._Sparsity(rate=0.1, weight=2.0)
    # Two units on two images: means of 0.1 and 0.5. The first costs nothing,
    # the second 0.1 log(0.1 / 0.5) + 0.9 log(0.9 / 0.5) = 0.3680642.
    found = penalty(keras.ops.array([[0.0, 0.4], [0.2, 0.6]]))
    kl = 0.1 * np.log(0.1 / 0.5) + 0.9 * np.log(0.9 / 0.5)
    # Keras divides by the two images.
    assert float(found) / 2 == pytest.approx(2.0 * kl, rel=1e-5)
    dead = penalty(keras.ops.zeros((2, 2)))
    assert np.isfinite(float(dead))


def test_more_epochs_reconstruct_better(digits):
    losses = [
        ak.training.pretrain_encoder(build(), digits.images, epochs)
        for epochs in (1, 20)
    ]
    assert losses[1] < losses[0]


def test_the_same_seed_gives_the_same_encoder(digits):
    encoders = []
    for seed in (0, 0, 1):
        model = build()
        ak.training.pretrain_encoder(model, digits.images, 2, seed=seed)
        encoders.append(model.get_layer(ENCODER).get_weights()[0])
    np.testing.assert_array_equal(encoders[0], encoders[1])
    assert not np.array_equal(encoders[0], encoders[2])


def test_callbacks_see_the_epochs(digits):
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(epoch)
    )
    ak.training.pretrain_encoder(build(), digits.images, 3, callbacks=[callback])
    assert seen == [0, 1, 2]


def test_a_model_without_an_encoder(digits):
    model = ak.models.build("fc10")
    before = model.get_weights()[0]
    with pytest.raises(ValueError, match="`model` must have a layer named"):
        ak.training.pretrain_encoder(model, digits.images, epochs=1)
    np.testing.assert_array_equal(model.get_weights()[0], before)
