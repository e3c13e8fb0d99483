"""The nets without a hidden layer: what they compute, by hand."""

import keras
import numpy as np
import pytest

import advkeras as ak


def test_rbf_is_the_bell_of_its_formula():
    """Against the sum written out, in float64."""
    model = ak.models.build("rbf", input_shape=(3, 3, 1), classes=4)
    random = np.random.default_rng(0)
    centre, precision = random.random((2, 9, 4))
    layer = model.get_layer("logits")
    layer.centre.assign(centre)
    layer.precision.assign(precision)
    x = random.random((5, 3, 3, 1), np.float32)
    away = x.reshape(5, 9, 1).astype(np.float64) - centre
    expected = -(precision * away**2).sum(axis=1)
    np.testing.assert_allclose(model(x), expected, atol=1e-5)
    # At its centre a unit is sure, and it was never more than that.
    at_centre = centre[:, 1].reshape(1, 3, 3, 1)
    assert float(model(at_centre)[0, 1]) == pytest.approx(0, abs=1e-5)


def test_an_rbf_net_never_learns_a_trough(digits):
    """Precisions end at 0 at least, though gradients push below."""
    model = ak.models.build("rbf", seed=1)
    recipe = ak.training.Recipe(
        epochs=5, learning_rate=0.1, weight_decay=0.0, loss="exponential"
    )
    ak.training.train(model, digits.images, digits.labels, recipe)
    precision = np.asarray(model.get_layer("logits").precision)
    assert precision.min() == 0 < precision.max()
    far = np.full((1, 28, 28, 1), 50.0, np.float32)
    sure = ak.training.probabilities(model(far), "exponential")
    assert np.max(sure) < 1e-6  # far from all that it knows


def test_rbf_goes_through_a_file(tmp_path):
    model = ak.models.build("rbf", seed=2)
    model.save(tmp_path / "rbf.keras")
    again = keras.models.load_model(tmp_path / "rbf.keras")
    x = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(model(x), again(x))
    other = ak.models.build("rbf", seed=3)
    assert not np.array_equal(model(x), other(x))


def test_logistic_regression_has_half_a_score_for_each_class():
    model = ak.models.build("logistic", seed=1, input_shape=(2, 2, 1))
    kernel = np.array([[1.0], [-2.0], [0.5], [0.0]], np.float32)
    model.get_layer("score").set_weights([kernel, np.array([0.25])])
    x = np.array([0.5, 0.25, 1.0, 0.7], np.float32).reshape(1, 2, 2, 1)
    # 0.5 - 0.5 + 0.5 + 0.25 = 0.75
    np.testing.assert_allclose(model(x), [[-0.375, 0.375]], atol=1e-7)
    assert model.count_params() == 5


def test_weight_decay_of_logistic_regression():
    model = ak.models.build("logistic", weight_decay=0.1)
    weights = model.get_layer("score").get_weights()[0]
    expected = 0.05 * np.square(weights).sum()
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_a_net_without_classes_and_a_layer_without_units():
    with pytest.raises(ValueError, match="`classes` must"):
        ak.models.build("rbf", classes=0)
    with pytest.raises(ValueError, match="`units` must"):
        ak.models.layers.RadialBasis(0)
