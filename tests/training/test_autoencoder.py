"""The encoder learns sparse features without labels, and stays frozen."""

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.models.autoencoder import ENCODER
from advkeras.training import autoencoder


@pytest.fixture
def model():
    """An encoder of few units, for what does not depend on their number."""
    return ak.models.build("ae400-10", units=30)


@pytest.fixture(scope="module")
def features(digits):
    """Activations of all 400 units, before and after training."""
    model = ak.models.build("ae400-10")
    images = digits.images[:256]
    flat = images.reshape(len(images), -1)
    found = [np.asarray(model.get_layer(ENCODER)(flat))]
    ak.training.pretrain_encoder(model, images, epochs=60)
    found.append(np.asarray(model.get_layer(ENCODER)(flat)))
    return found


def test_features_become_sparse(features):
    """From near 0.5, the mean activation of the units falls to below 0.2."""
    before, after = (f.mean(axis=0) for f in features)
    assert 0.4 < np.median(before) < 0.6
    assert np.median(after) < 0.2
    assert (after < before).mean() > 0.95


def test_features_tell_images_apart(features):
    """Sparse is not dead: a unit is high for some images, low for most."""
    spread = [(f.std(axis=0) / f.mean(axis=0)).mean() for f in features]
    assert spread[1] > 2 * spread[0]
    _, after = features
    assert (after.max(axis=0) > 2 * after.mean(axis=0)).mean() > 0.8


def test_the_encoder_changes_and_the_softmax_does_not(digits, model):
    before = model.get_weights()
    ak.training.pretrain_encoder(model, digits.images, epochs=1)
    changed = [
        not np.array_equal(a, b)
        for a, b in zip(before, model.get_weights(), strict=True)
    ]
    assert changed == [True, True, False, False]
    assert not model.get_layer(ENCODER).trainable
    assert not model.compiled


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


@pytest.mark.slow
def test_more_epochs_reconstruct_better(digits):
    losses = [
        ak.training.pretrain_encoder(
            ak.models.build("ae400-10", units=30), digits.images, epochs
        )
        for epochs in (1, 10)
    ]
    assert losses[1] < losses[0]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_encoder(digits):
    encoders = []
    for seed in (0, 0, 1):
        model = ak.models.build("ae400-10", units=30)
        ak.training.pretrain_encoder(model, digits.images, 2, seed=seed)
        encoders.append(model.get_layer(ENCODER).get_weights()[0])
    np.testing.assert_array_equal(encoders[0], encoders[1])
    assert not np.array_equal(encoders[0], encoders[2])


def test_callbacks_see_the_epochs(digits, model):
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(epoch)
    )
    ak.training.pretrain_encoder(model, digits.images, 3, callbacks=[callback])
    assert seen == [0, 1, 2]


def test_a_model_without_an_encoder(digits):
    model = ak.models.build("fc10")
    before = model.get_weights()[0]
    with pytest.raises(ValueError, match="`model` must have a layer named"):
        ak.training.pretrain_encoder(model, digits.images, epochs=1)
    np.testing.assert_array_equal(model.get_weights()[0], before)
