"""The networks of table 1: sizes, logits, and their weight decay."""

import keras
import numpy as np
import pytest

import advkeras as ak

PARAMETERS = {
    "fc10": 784 * 10 + 10,
    "fc10-1e-2": 784 * 10 + 10,
    "fc10-1": 784 * 10 + 10,
    "fc100-100-10": 784 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10,
    "fc200-200-10": 784 * 200 + 200 + 200 * 200 + 200 + 200 * 10 + 10,
    "fc123-456-10": 784 * 123 + 123 + 123 * 456 + 456 + 456 * 10 + 10,
}
NAMES = pytest.mark.parametrize("name", PARAMETERS)


def images(n=3):
    return np.random.default_rng(0).random((n, 28, 28, 1), np.float32)


@NAMES
def test_shapes_and_parameters(name):
    model = ak.models.build(name)
    assert isinstance(model, keras.Model)
    assert model.name == name
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)
    assert model.count_params() == PARAMETERS[name]
    assert not model.non_trainable_weights


@NAMES
def test_sigmoid_hidden_layers_and_linear_logits(name):
    """Against a forward pass in NumPy, with biases that are not zero."""
    model = ak.models.build(name)
    random = np.random.default_rng(1)
    weights = [random.normal(size=w.shape) / 5 for w in model.get_weights()]
    model.set_weights(weights)
    x = images().reshape(3, 784).astype(np.float64)
    for i in range(0, len(weights), 2):
        if i:
            x = 1 / (1 + np.exp(-x))
        x = x @ weights[i] + weights[i + 1]
    assert x.min() < 0 < 1 < x.max()  # no probabilities
    np.testing.assert_allclose(model(images()), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "decay"),
    [
        ("fc10", (1e-4,)),
        ("fc10-1e-2", (1e-2,)),
        ("fc10-1", (1.0,)),
        ("fc100-100-10", (1e-5, 1e-5, 1e-6)),
        ("fc200-200-10", (1e-5, 1e-5, 1e-6)),
        ("fc123-456-10", (1e-5, 1e-5, 1e-6)),
    ],
)
@pytest.mark.parametrize("factor", [None, 3.0])
def test_weight_decay_is_half_lambda_times_the_squares(name, decay, factor):
    """The lambdas of table 1, and the caller's own."""
    own = None if factor is None else [factor * value for value in decay]
    model = ak.models.build(name, weight_decay=own)
    model.set_weights([w + 0.25 for w in model.get_weights()])
    kernels = [w.astype(np.float64) for w in model.get_weights()[::2]]
    expected = sum(
        value / 2 * (kernel**2).sum()
        for value, kernel in zip(own or decay, kernels, strict=True)
    )
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("decay", [(), (1e-5,), (1e-5,) * 4])
def test_one_weight_decay_a_layer(decay):
    with pytest.raises(
        ValueError, match=r"`weight_decay` .* 3 layers"
    ) as caught:
        ak.models.build("fc100-100-10", weight_decay=decay)
    assert str(caught.value).endswith(f"Received: weight_decay={decay!r}")


def test_images_of_another_shape():
    model = ak.models.build("fc10", input_shape=(8, 6, 3))
    assert model.input_shape == (None, 8, 6, 3)
    assert model.count_params() == 8 * 6 * 3 * 10 + 10


def test_dropout_of_pixels_and_of_hidden_units():
    model = ak.models.build("fc100-100-10", dropout=(0.2, 0.5))
    rates = [x.rate for x in model.layers if hasattr(x, "rate")]
    assert rates == [0.2, 0.5, 0.5]
    plain = ak.models.build("fc100-100-10")
    np.testing.assert_array_equal(model(images()), plain(images()))
    shown = model(images(), training=True)
    assert np.abs(np.asarray(shown - plain(images()))).max() > 1e-3
