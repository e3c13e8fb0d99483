"""Activations against what the layers return when called by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.analysis.units.activations import features

X = np.random.default_rng(0).random((5, 4, 6, 2), np.float32)


@pytest.fixture(scope="module")
def net():
    """Everything that behaves otherwise in training, or has no weights."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4, 6, 2)),
            layers.Conv2D(3, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.Flatten(name="flatten"),
            layers.Dense(7, activation="tanh", name="hidden"),
            layers.Dropout(0.5),
            layers.Dense(3, name="scores"),
            layers.Softmax(),
        ]
    )
    mean, variance = model.get_layer("norm").weights[2:]
    mean.assign([0.1, -0.2, 0.3])
    variance.assign([0.5, 1.0, 2.0])
    return model


def below(model, name):
    """What comes out of a layer when all up to it are called in turn."""
    x = X
    for layer in model.layers:
        x = layer(x, training=False)
        if layer.name == name:
            return np.asarray(x)
    raise AssertionError(name)


def near(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_dense_by_hand():
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, "relu"), layers.Dense(2)]
    )
    model.set_weights(
        [
            np.array([[1.0, 2.0], [3.0, -4.0]]),
            np.array([0.5, 1.0]),
            np.ones((2, 2)),
            np.zeros(2),
        ]
    )
    found = features(model, np.array([[1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_array_equal(found, [[4.5, 0.0], [2.5, 5.0]])
    assert found.dtype == np.float32


def test_the_last_hidden_layer_is_below_the_last_weights(net):
    near(features(net, X), below(net, "hidden"))


@pytest.mark.parametrize("layer", ["conv", "norm", "flatten", "scores"])
def test_any_named_layer(net, layer):
    near(features(net, X, layer), below(net, layer).reshape(5, -1))


def test_the_input_is_a_layer_too(net):
    name = net.inputs[0]._keras_history.operation.name
    near(features(net, X, name), X.reshape(5, -1))


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_pooling_takes_a_channel_for_a_unit(net, pooling):
    reduce = {"avg": np.mean, "max": np.max}[pooling]
    expected = reduce(below(net, "relu"), axis=(1, 2))
    assert expected.shape == (5, 3)
    near(features(net, X, "relu", pooling=pooling), expected)
    # Where there are no positions there is nothing to pool.
    near(features(net, X, pooling=pooling), below(net, "hidden"))


def test_batches_make_no_difference(net):
    near(features(net, X, batch_size=2), features(net, X))


def test_the_model_stays_as_it_was(net):
    before = [np.array(w) for w in net.get_weights()]
    names = [layer.name for layer in net.layers]
    features(net, X, "conv")
    for a, b in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [layer.name for layer in net.layers] == names


def test_a_classifier_is_its_model(net):
    near(features(ak.Classifier(net), X), features(net, X))


def test_a_net_within_a_net(net):
    outer = keras.Sequential([keras.Input((4, 6, 2)), layers.Rescaling(2), net])
    near(features(outer, X), features(net, 2 * X))


def test_layers_that_several_models_share(net):
    images = keras.Input((4, 6, 2))
    hidden = layers.Flatten()(net.get_layer("conv")(images - 0.5))
    other = keras.Model(images, layers.Dense(2)(hidden))
    near(features(other, X), features(net, X - 0.5, "conv"))
    near(features(net, X, "conv"), below(net, "conv").reshape(5, -1))


def test_a_layer_used_twice_is_taken_where_it_is_last():
    twice = layers.Dense(2, use_bias=False, name="twice")
    given = keras.Input((2,))
    model = keras.Model(given, layers.Dense(1)(twice(twice(given))))
    weights = np.array([[0.0, 1.0], [2.0, 0.0]])
    twice.set_weights([weights])
    found = features(model, np.array([[1.0, 10.0]]), "twice")
    np.testing.assert_array_equal(found, [[2.0, 20.0]])


def test_half_precision_comes_out_as_float32():
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(3, dtype="mixed_float16"),
            layers.Dense(2),
        ]
    )
    assert features(model, np.ones((1, 2))).dtype == np.float32


class Graphless(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": "none"}, r"`layer` must be .*conv, norm.*layer='none'"),
        ({"pooling": "sum"}, "`pooling` must be"),
        ({"batch_size": 0}, "`batch_size` must be"),
        ({"images": X[:, :3]}, "`images` must be of shape"),
        ({"images": X * np.nan}, "`images` must be finite"),
        ({"model": Graphless()}, "`model` must be a built"),
        ({"model": "m1"}, "`model` must be a built.*'m1'"),
        (
            {"model": keras.Sequential([keras.Input((4,)), layers.ReLU()])},
            "`model` must have a layer with weights",
        ),
    ],
)
def test_bad_input(net, change, message):
    with pytest.raises(ValueError, match=message):
        features(**{"model": net, "images": X, **change})
