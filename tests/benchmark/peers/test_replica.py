import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak

torch = pytest.importorskip("torch")

from advkeras.benchmark.peers.replica import replicate  # noqa: E402


def classifier_of(*chain, shape=(9, 8, 2), bounds=(0.0, 1.0)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), *chain])
    for weight in model.weights:  # biases too
        values = keras.random.normal(weight.shape, stddev=0.5)
        variance = weight.name == "moving_variance"
        weight.assign(keras.ops.abs(values) if variance else values)
    return ak.Classifier(model, bounds=bounds)


CHAINS = {
    "dense": (layers.Dense(5, "sigmoid"), layers.Flatten(), layers.Dense(3)),
    "conv": (
        layers.Conv2D(4, (3, 2), padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(6, 3, groups=2, use_bias=False),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(3),
    ),
    "odd sides": (
        layers.Rescaling([2.0, 3.0], offset=-1),
        layers.Conv2D(4, 2, strides=2, padding="same"),
        layers.AveragePooling2D(2, strides=1, padding="same"),
        layers.Conv2D(4, 3, dilation_rate=2, padding="same"),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.Softmax(),
        layers.Flatten(),
        layers.Dense(3),
    ),
    "average": (
        layers.AveragePooling2D((3, 2)),
        layers.Flatten(),
        layers.Dense(3),
        layers.Activation("sigmoid"),
        layers.Dense(3),
        layers.Activation("softmax"),
    ),
    "normalised": (
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.BatchNormalization(axis=3, center=False, scale=False),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ),
    "maxout": (
        layers.Flatten(),
        layers.Dense(15),
        layers.Reshape((5, 3)),
        layers.MaxPooling1D(5),
        layers.Flatten(),
        layers.Dense(3),
    ),
    "kept sides": (
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.Flatten(),
        layers.Dense(3),
    ),
    "softmax": (layers.Flatten(), layers.Dense(3, "softmax")),
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_logits_are_keras_s(chain):
    classifier = classifier_of(*chain)
    images = np.random.default_rng(1).uniform(size=(4, 9, 8, 2))
    images = images.astype(np.float32)
    logits = replicate(classifier)(torch.from_numpy(images)).numpy()
    expected = np.asarray(classifier.logits(images))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_of_a_functional_model():
    images = keras.Input((4, 4, 1))
    hidden = layers.Dense(5, "relu")(layers.Flatten()(images))
    model = keras.Model(images, layers.Dense(3)(hidden))
    replica = replicate(ak.Classifier(model))
    assert replica(torch.zeros(2, 4, 4, 1)).shape == (2, 3)


def test_gradients_are_for_the_pixels_alone():
    replica = replicate(classifier_of(layers.Flatten(), layers.Dense(3)))
    assert not list(replica.parameters())
    images = torch.zeros(2, 9, 8, 2, requires_grad=True)
    replica(images)[:, 0].sum().backward()
    assert images.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.LayerNormalization(name="ln"), "'ln' of type LayerNorm"),
        (layers.BatchNormalization(axis=1, name="bn"), "'bn' .* with axis 1"),
        (layers.Activation("tanh", name="t"), "'t' .* activation 'tanh'"),
        (layers.ReLU(max_value=6, name="r"), "'r' .* with max_value 6"),
        (layers.Softmax(axis=1, name="s"), "'s' .* with axis 1"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_names_the_layer_that_it_does_not_know(layer, words):
    classifier = classifier_of(layer, layers.Flatten(), layers.Dense(3))
    with pytest.raises(
        ValueError, match=rf"`classifier` .*Received: .*{words}"
    ):
        replicate(classifier)


def test_refuses_what_is_no_chain():
    images = keras.Input((4, 4, 1))
    twice = layers.Dense(1, "relu")  # listed once among the model's layers
    outputs = layers.Dense(3)(layers.Flatten()(twice(twice(images))))
    classifier = ak.Classifier(keras.Model(images, outputs))
    twice.kernel.assign([[2.0]])
    with pytest.raises(ValueError, match=r"`classifier` .*logits differ by"):
        replicate(classifier)
