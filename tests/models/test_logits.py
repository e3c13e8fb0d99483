"""Softmax of the recovered logits is what the model returns."""

import keras
import numpy as np
import pytest
from keras import layers

from advkeras.models import logits_function


def images(n=5, shape=(8, 8, 3)):
    return np.random.default_rng(0).random((n, *shape), np.float32)


def sequential(*last):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), *last]
    )


def functional_with_branches():
    inputs = keras.Input((8, 8, 3))
    a = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
    b = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(inputs))
    joined = layers.Concatenate()([a, b])
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(joined))


def nested():
    inner = sequential(layers.Dense(3, activation="softmax"))
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, inner(layers.Rescaling(2.0)(inputs)))


def shared_inner_model():
    """The inner model is called twice; only the second call is the output."""
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, activation="softmax")]
    )
    inputs = keras.Input((8, 8, 3))
    hidden = layers.Dense(3)(layers.Flatten()(inputs))
    return keras.Model(inputs, inner(inner(hidden)))


WITH_SOFTMAX = {
    "dense": lambda: sequential(layers.Dense(3, activation="softmax")),
    "activation layer": lambda: sequential(
        layers.Dense(3), layers.Activation("softmax")
    ),
    "softmax layer": lambda: sequential(layers.Dense(3), layers.Softmax()),
    "frozen dense": lambda: sequential(
        layers.Dense(3, activation="softmax", trainable=False)
    ),
    "without bias": lambda: sequential(
        layers.Dense(3, activation="softmax", use_bias=False)
    ),
    "functional": functional_with_branches,
    "nested": nested,
    "shared inner model": shared_inner_model,
}


@pytest.mark.parametrize("build", WITH_SOFTMAX.values(), ids=WITH_SOFTMAX)
def test_softmax_of_logits_is_the_output(build):
    model = build()
    logits = logits_function(model)(images())
    expected = model(images(), training=False)
    np.testing.assert_allclose(keras.ops.softmax(logits), expected, atol=1e-6)
    assert np.ptp(np.sum(logits, axis=1)) > 1e-3  # not probabilities again


@pytest.mark.parametrize(
    "last",
    [
        lambda: layers.Dense(3),
        lambda: layers.Dense(3, activation="sigmoid"),
        lambda: layers.Dense(3, activation="relu"),
    ],
    ids=["linear", "sigmoid", "relu"],
)
def test_no_softmax_no_logits_function(last):
    assert logits_function(sequential(last())) is None


def test_subclassed_models_have_no_graph():
    class Subclassed(keras.Model):
        def call(self, x):
            return x

    assert logits_function(Subclassed()) is None


def test_the_model_is_left_as_it_was():
    model = sequential(layers.Dense(3, activation="softmax"))
    before = model.get_config()
    logits_function(model)(images())
    assert model.get_config() == before
    assert model.layers[-1].activation is keras.activations.softmax


def test_logits_follow_later_training():
    model = sequential(layers.Dense(3, activation="softmax"))
    logits = logits_function(model)
    model.layers[-1].bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        keras.ops.softmax(logits(images())), model(images()), atol=1e-6
    )


def test_saturated_softmax_keeps_its_logits():
    """Where float32 says (1, 0, 0), the logits still tell the classes apart."""
    model = sequential(layers.Dense(3, activation="softmax"))
    kernel, _ = model.layers[-1].get_weights()
    model.layers[-1].set_weights([0 * kernel, np.array([500.0, 0.0, -500.0])])
    assert model(images())[0].numpy().tolist() == [1.0, 0.0, 0.0]
    logits = logits_function(model)(images())[0]
    np.testing.assert_allclose(logits, [500.0, 0.0, -500.0])


def test_freezing_and_unfreezing_later():
    model = WITH_SOFTMAX["dense"]()
    logits = logits_function(model)
    expected = logits(images())
    for trainable in (False, True):
        model.trainable = trainable
        np.testing.assert_allclose(logits(images()), expected, rtol=1e-6)
