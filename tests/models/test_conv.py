"""The convolutional nets: sizes, logits, and no more than they say."""

import keras
import numpy as np
import pytest

import advkeras as ak

NETS = pytest.mark.parametrize(
    ("name", "shape"),
    [("conv-mnist", (28, 28, 1)), ("conv-cifar10", (32, 32, 3))],
)


def images(shape, n=4):
    return np.random.default_rng(0).random((n, *shape), np.float32)


def test_parameters_of_conv_mnist():
    model = ak.models.build("conv-mnist")
    assert model.count_params() == (
        (3 * 3 * 1 * 16 + 16)
        + (3 * 3 * 16 * 32 + 32)
        # Two poolings leave 7 x 7 of 28 x 28.
        + (7 * 7 * 32 * 64 + 64)
        + (64 * 10 + 10)
    )


def test_parameters_of_conv_cifar10():
    model = ak.models.build("conv-cifar10")
    kernels = 9 * (3 * 32 + 32 * 64 + 64 * 128 + 128 * 128)  # no biases
    channels = 32 + 64 + 128 + 128
    # Batch normalisation: scale and shift are trained, mean and variance not.
    trainable = kernels + 2 * channels + 128 * 10 + 10
    assert model.count_params() == trainable + 2 * channels
    found = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert found == trainable


@NETS
def test_logits_not_probabilities(name, shape):
    model = ak.models.build(name)
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, 10)
    assert model.layers[-1].activation is keras.activations.linear
    # Twice the weights of a linear layer are twice its outputs.
    before = np.asarray(model(images(shape)))
    assert before.min() < 0
    last = model.layers[-1]
    last.set_weights([2 * w for w in last.get_weights()])
    np.testing.assert_allclose(model(images(shape)), 2 * before, rtol=1e-5)


@NETS
def test_hidden_units_are_rectified(name, shape):
    model = ak.models.build(name)
    hidden = keras.Model(model.inputs[0], model.layers[-2].output)
    features = np.asarray(hidden(images(shape)))
    assert features.min() >= 0
    assert (features > 0).any()


@NETS
def test_no_weight_decay_in_the_loss(name, shape):
    """AdamW has its own: what is in the loss too would count twice."""
    assert ak.models.build(name).losses == []


def test_an_image_is_classified_by_itself():
    """Batch normalisation uses its statistics, not the batch's."""
    model = ak.models.build("conv-cifar10")
    x = images((32, 32, 3))
    alone = np.concatenate([model(x[i : i + 1]) for i in range(4)])
    np.testing.assert_allclose(model(x), alone, atol=1e-5)


def test_other_sizes():
    model = ak.models.build(
        "conv-cifar10", classes=3, widths=(4, 5), input_shape=(16, 16, 1)
    )
    assert model.output_shape == (None, 3)
    kernels = 9 * (1 * 4 + 4 * 5)
    assert model.count_params() == kernels + 4 * (4 + 5) + 5 * 3 + 3
    small = ak.models.build("conv-mnist", classes=2, input_shape=(8, 8, 3))
    assert small.input_shape == (None, 8, 8, 3)
    assert small.output_shape == (None, 2)
