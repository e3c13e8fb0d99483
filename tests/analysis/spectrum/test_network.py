"""Bounds along the graph of a network, and what is found beside them."""

import json
import math

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.analysis import spectrum


def scaling(factor, name=None):
    return layers.Rescaling(factor, name=name)


def upper(x, y):
    return spectrum.bounds(keras.Model(x, y), lower=False).upper


def test_a_chain_is_the_product_and_a_linear_one_is_found_again():
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4), layers.Dense(3)]
    )
    found = spectrum.bounds(model)
    kernels = [np.asarray(w) for w in model.get_weights()[::2]]
    norms = [np.linalg.norm(kernel, 2) for kernel in kernels]
    assert [x.upper for x in found.layers] == pytest.approx(norms, rel=1e-6)
    assert found.upper == pytest.approx(math.prod(norms), rel=1e-6)
    assert found.layers[0].upper_to == pytest.approx(norms[0], rel=1e-6)
    # The truth is the norm of the product, which the ascent reaches.
    truth = np.linalg.norm(kernels[0] @ kernels[1], 2)
    assert found.lower == pytest.approx(truth, rel=1e-2)
    assert found.lower <= truth * (1 + 1e-6)


def test_sums_means_and_tensors_side_by_side():
    x = keras.Input((4, 4, 2))
    a, b = scaling(3.0)(x), scaling(4.0)(x)
    assert upper(x, layers.Add()([a, b])) == pytest.approx(7)
    assert upper(x, a + b) == pytest.approx(7)
    assert upper(x, layers.Subtract()([a, b])) == pytest.approx(7)
    assert upper(x, layers.Average()([a, b])) == pytest.approx(3.5)
    assert upper(x, layers.Concatenate()([a, b])) == pytest.approx(5)
    assert upper(x, layers.Maximum()([a, b])) == pytest.approx(5)
    # A residual block: x + 3 x.
    assert upper(x, layers.Add()([x, a])) == pytest.approx(4)


def test_a_nested_model_is_walked_and_a_shared_layer_bounded_once():
    shared = layers.Dense(3, use_bias=False, name="shared")
    inner = keras.Sequential([keras.Input((3,)), shared], name="inner")
    x = keras.Input((3,))
    found = spectrum.bounds(keras.Model(x, inner(inner(x))), lower=False)
    (row,) = found.layers
    assert row.name == "inner/shared"
    assert found.upper == pytest.approx(row.upper**2)
    assert row.upper_to == pytest.approx(row.upper**2)


@pytest.mark.parametrize("name", ["m1", "conv-mnist"])
def test_a_trained_net_is_found_below_its_bound(name, test_digits):
    model = ak.models.load(name)
    before = model.get_weights()
    found = spectrum.bounds(model, images=test_digits.images[:3])
    assert 0 < found.lower < found.upper
    assert all(x.lower <= x.upper * (1 + 1e-9) for x in found.layers)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # No two digits are taken further apart than the bound allows.
    logits = np.asarray(model(test_digits.images), np.float64)
    pixels = test_digits.images.reshape(len(logits), -1)
    apart = np.linalg.norm(logits[:-1] - logits[1:], axis=1)
    ratios = apart / np.linalg.norm(pixels[:-1] - pixels[1:], axis=1)
    assert ratios.max() <= found.upper
    assert found.lower > ratios.max()  # the steepest is local
    assert json.loads(json.dumps(found.to_json()))["upper"] == found.upper
    assert found.find("logits").upper == found.layers[-1].upper


def test_constants_stand_in_for_what_is_not_known():
    class Odd(layers.Layer):
        def call(self, x):
            return x**3

    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2, name="d")(Odd(name="odd")(x)))
    with pytest.raises(ValueError, match="layer 'odd' of class Odd"):
        spectrum.bounds(model)
    kernel = np.linalg.norm(np.asarray(model.get_layer("d").kernel), 2)
    for key in ("odd", "Odd"):
        found = spectrum.bounds(model, constants={key: 3.0}, lower=False)
        assert found.upper == pytest.approx(3 * kernel, rel=1e-6)


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"nobody": 1.0}, "`constants` must be one of"),
        ({"hidden1": -1.0}, r"`constants\['hidden1'\]` must be a finite"),
    ],
)
def test_wrong_constants(constants, message):
    with pytest.raises(ValueError, match=message):
        spectrum.bounds(ak.models.build("fc100-100-10"), constants)


def test_models_without_a_graph_or_a_size():
    with pytest.raises(ValueError, match="`model` must be a built"):
        spectrum.bounds(keras.Sequential([layers.Dense(2)]))
    x = keras.Input((None, None, 1))
    free = keras.Model(x, layers.Conv2D(2, 3)(x))
    with pytest.raises(ValueError, match="inputs of a fixed size"):
        spectrum.bounds(free)


@pytest.mark.slow
def test_alexnet_in_full_size():
    """Every layer is bounded. ReLU takes a part of what a convolution can do.

    The linear parts are tight to 1 %, which their residuals say.
    """
    found = spectrum.bounds(ak.models.build("alexnet"))
    convolutions = [x for x in found.layers if x.kind == "Conv2D"]
    assert [x.shape for x in convolutions] == [
        (11, 11, 3, 96),
        (5, 5, 96, 256),
        (3, 3, 256, 384),
        (3, 3, 384, 384),
        (3, 3, 384, 256),
    ]
    for layer in convolutions:
        assert layer.residual < 0.01
        assert layer.lower <= layer.upper <= 2 * layer.lower
    pools = [x.upper for x in found.layers if x.kind == "MaxPooling2D"]
    assert pools == pytest.approx([2, 2, 2])
    assert 0 < found.lower < found.upper
