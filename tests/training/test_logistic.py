"""The exact adversarial loss: that of FGSM's images, whatever the weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import advkeras as ak

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(
    from_logits=True, reduction="none"
)


def net(seed=0):
    model = ak.models.build("logistic", input_shape=(3, 3, 1))
    random = np.random.default_rng(seed)
    model.get_layer("score").set_weights(
        [random.normal(size=(9, 1)), random.normal(size=1)]
    )
    return model


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1))
def test_it_is_the_cross_entropy_of_fgsm_s_images(seed, epsilon):
    model = net(seed)
    random = np.random.default_rng(seed + 1)
    images = random.random((6, 3, 3, 1), np.float32)
    labels = random.integers(0, 2, 6)
    exact = ak.training.logistic_adversarial_loss(model, epsilon)
    made = ak.attacks.FGSM(epsilon, clip=False)(model, images, labels).images
    np.testing.assert_allclose(
        exact(labels, model(images)),
        CROSS_ENTROPY(labels, model(made)),
        rtol=1e-4,
        atol=1e-5,
    )


def test_its_gradient_is_that_of_those_images_too():
    """By the weights: the images' own dependence on them has no part in it."""
    model = net()
    random = np.random.default_rng(1)
    images = random.random((6, 3, 3, 1), np.float32)
    labels = random.integers(0, 2, 6)
    exact = ak.training.logistic_adversarial_loss(model, 0.2)
    made = ak.attacks.FGSM(0.2, clip=False)(model, images, labels).images
    with tf.GradientTape(persistent=True) as tape:
        ours = tf.reduce_mean(exact(labels, model(images)))
        theirs = tf.reduce_mean(CROSS_ENTROPY(labels, model(made)))
    for variable in model.trainable_variables:
        np.testing.assert_allclose(
            tape.gradient(ours, variable.value),
            tape.gradient(theirs, variable.value),
            atol=1e-5,
        )


def test_in_fit_it_trades_clean_accuracy_for_robustness():
    digits = ak.datasets.load("mnist5k", "train")
    rows = np.isin(digits.labels, (3, 7))
    images, labels = digits.images[rows], digits.labels[rows] == 7
    labels = labels.astype(np.int64)
    fooled, lengths = [], []
    for exact in (False, True):
        model = ak.models.build("logistic")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if exact:
            loss = ak.training.logistic_adversarial_loss(model, 0.25)
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9), loss)
        model.fit(images, labels, epochs=20, shuffle=False, verbose=0)
        attack = ak.attacks.FGSM(0.25, clip=False)
        fooled.append(attack(model, images, labels).success.mean())
        lengths.append(np.abs(model.get_layer("score").get_weights()[0]).sum())
    assert fooled[0] > 0.95
    assert fooled[1] < 0.6
    assert lengths[1] < lengths[0] / 4


def test_bad_input():
    with pytest.raises(ValueError, match="`epsilon` must"):
        ak.training.logistic_adversarial_loss(net(), 0)
    with pytest.raises(ValueError, match="layer named 'score'"):
        ak.training.logistic_adversarial_loss(ak.models.build("fc10"), 0.1)
