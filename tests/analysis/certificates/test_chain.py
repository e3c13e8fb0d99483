"""A chain computes what its model does, and refuses what it cannot."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.analysis.certificates import chain as chains


def forward(chain, flat):
    """The chain's logits, (n, classes), by its matrices and curves."""
    h = flat
    for affine, curve in zip(chain.affine, chain.curves, strict=False):
        h = h @ affine.matrix.T + affine.bias
        h = curve.range(h, h)[0]
    last = chain.affine[-1]
    return h @ last.matrix.T + last.bias


def classifier_of(*stack, shape=(6, 5, 2), seed=0):
    """A network of random weights, those of normalisations too."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([layers.Input(shape), *stack])
    random = np.random.default_rng(seed)
    model.set_weights(
        [
            np.abs(w) + 0.5 if "variance" in v.path else w
            for v, w in (
                (v, random.normal(size=v.shape) * 0.5) for v in model.weights
            )
        ]
    )
    return ak.Classifier(model)


STACKS = {
    "dense": lambda: [
        layers.Flatten(),
        layers.Dense(7, activation="sigmoid"),
        layers.Dropout(0.5),
        layers.Dense(5, activation="tanh"),
        layers.Dense(3, activation="softmax"),
    ],
    "convolutional": lambda: [
        layers.Conv2D(3, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Conv2D(4, 2, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ],
    "pools": lambda: [
        layers.MaxPooling2D(3, 2, padding="same"),
        layers.AveragePooling2D(2, 1, padding="same"),
        layers.Conv2D(3, 1),
        layers.LeakyReLU(negative_slope=0.1),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3),
        layers.Softmax(),
    ],
    "nested": lambda: [
        keras.Sequential(
            [layers.Input((6, 5, 2)), layers.Flatten(), layers.Dense(4)]
        ),
        layers.Activation("relu"),
        layers.Dense(3),
    ],
}


@pytest.mark.parametrize("name", STACKS)
def test_the_chain_computes_the_logits(name):
    classifier = classifier_of(*STACKS[name]())
    images = np.random.default_rng(1).random((5, 6, 5, 2))
    expected = classifier.in_float64().logits(images)
    found = forward(chains.chain(classifier), images.reshape(5, -1))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (layers.LayerNormalization(name="odd"), "not known"),
        (layers.Dense(3, activation="gelu", name="odd"), "gelu"),
        (layers.ReLU(6, name="odd"), "max_value"),
    ],
)
def test_layers_outside_its_reach_are_named(layer, reason):
    classifier = classifier_of(layers.Flatten(), layer, layers.Dense(3))
    with pytest.raises(ValueError, match=f"'odd'.*{reason}"):
        chains.chain(classifier)


def test_branches_are_refused():
    x = keras.Input((2, 2, 1))
    flat = layers.Flatten()(x)
    both = layers.Add(name="sum")([layers.Dense(4)(flat), flat])
    classifier = ak.Classifier(keras.Model(x, layers.Dense(2)(both)))
    with pytest.raises(ValueError, match=r"'sum'.*2 inputs"):
        chains.chain(classifier)


def test_errors_cover_what_float32_does():
    random = np.random.default_rng(0)
    classifier = classifier_of(
        layers.Flatten(), layers.Dense(50), layers.Dense(3)
    )
    images = random.random((200, 6, 5, 2)).astype(np.float32)
    affine = chains.chain(classifier).affine[0]
    flat = images.reshape(200, -1).astype(np.float64)
    off = np.abs(
        np.asarray(classifier.logits(images))
        - (flat @ affine.matrix.T + affine.bias)
    )
    allowed = flat @ affine.error.T + affine.error_bias
    assert (off <= allowed).all()
    assert (off > 0).any()
    # By hand: 60 and 50 products a sum, and eight more; twice in a row.
    hidden, last = classifier.model.layers[1:]
    passed, above = (np.abs(w.numpy()) for w in (last.kernel, last.bias))
    inner = flat @ np.abs(hidden.kernel.numpy()) + np.abs(hidden.bias.numpy())
    expected = (68 + 58) * 2.0**-24 * (inner @ passed)
    expected += 58 * 2.0**-24 * above
    np.testing.assert_allclose(allowed, expected, rtol=0.02)
