"""AE400-10: a frozen encoder of sigmoid features, and a softmax on them."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.models.autoencoder import ENCODER


def test_shapes_and_parameters():
    model = ak.models.build("ae400-10")
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)
    assert model.count_params() == 784 * 400 + 400 + 400 * 10 + 10
    trainable = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert trainable == 400 * 10 + 10


def test_the_encoder_is_not_trained_with_the_rest(digits):
    model = ak.models.build("ae400-10")
    before = model.get_weights()
    ak.training.fit_lbfgs(model, digits.images, digits.labels, iterations=3)
    after = model.get_weights()
    changed = [
        not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
    ]
    assert changed == [False, False, True, True]
    assert not model.get_layer(ENCODER).trainable


def test_sigmoid_features_and_linear_logits():
    model = ak.models.build("ae400-10")
    x = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
    encoder, encoder_bias, softmax, bias = model.get_weights()
    features = 1 / (1 + np.exp(-(x.reshape(3, 784) @ encoder + encoder_bias)))
    np.testing.assert_allclose(
        model(x), features @ softmax + bias, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("decay", [1e-6, 0.5])
def test_weight_decay_is_on_the_softmax_only(decay):
    model = ak.models.build("ae400-10", weight_decay=decay)
    kernel = model.get_layer("logits").kernel.numpy().astype(np.float64)
    expected = decay / 2 * (kernel**2).sum()
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_other_sizes():
    model = ak.models.build(
        "ae400-10", units=7, classes=3, input_shape=(4, 4, 2)
    )
    assert model.count_params() == 32 * 7 + 7 + 7 * 3 + 3
    assert model.output_shape == (None, 3)
