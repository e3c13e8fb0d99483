"""Maxout: the values by hand, counts of weights, and plain Keras files."""

import keras
import numpy as np
import pytest

import advkeras as ak


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        # 784 x 1200, 240 x 1200, 240 x 10, and a bias each.
        ({}, 785 * 1200 + 241 * 1200 + 241 * 10),
        ({"units": 16, "depth": 1, "pieces": 3}, 785 * 48 + 17 * 10),
    ],
)
def test_the_weights_of_the_dense_net(options, weights):
    assert ak.models.build("maxout", **options).count_params() == weights


def test_a_unit_is_the_largest_of_its_pieces():
    model = ak.models.build("maxout", units=3, depth=1, pieces=4)
    x = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    kernel, bias = model.get_layer("pieces1").get_weights()
    pieces = x.reshape(5, -1) @ kernel + bias
    hidden = keras.Model(model.inputs, model.get_layer("hidden1").output)
    np.testing.assert_allclose(
        np.asarray(hidden(x)), pieces.reshape(5, 4, 3).max(1), atol=1e-6
    )


def test_a_channel_is_the_largest_of_its_pieces():
    model = ak.models.build("conv-maxout", channels=(3, 2), pieces=2)
    x = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    pieces, largest = (
        np.asarray(keras.Model(model.inputs, model.get_layer(name).output)(x))
        for name in ("pieces1", "conv1")
    )
    np.testing.assert_array_equal(
        largest, pieces.reshape(2, 32, 32, 2, 3).max(-2)
    )
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    "name", ["maxout", pytest.param("conv-maxout", marks=pytest.mark.slow)]
)
def test_it_learns_within_its_norms(name, digits):
    """Without dropout: what is seen is learned, and no column is longer."""
    small = {"maxout": {"units": 20, "depth": 1}}.get(
        name, {"channels": (6, 6)}
    )
    model = ak.models.build(
        name, seed=1, input_shape=(28, 28, 1), dropout=(0, 0), **small
    )
    model.compile(
        keras.optimizers.Adam(5e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    images, labels = digits.images[:300], digits.labels[:300]
    model.fit(images, labels, epochs=12, shuffle=False, verbose=0)
    right = model.predict(images, verbose=0).argmax(axis=1) == labels
    assert right.mean() > 0.85
    kernels = [np.asarray(x.kernel) for x in model.layers if x.weights]
    lengths = [
        np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0).max()
        for kernel in kernels
    ]
    assert max(lengths) <= 1.9365 * (1 + 1e-5)
    if name == "maxout":  # there the bound is met, so it did hold something
        assert lengths[0] >= 1.9365 * (1 - 1e-5)


def test_the_l1_norm_of_the_first_layer_is_in_the_loss():
    model = ak.models.build("maxout", units=3, depth=2, l1=0.1)
    kernel = model.get_layer("pieces1").get_weights()[0]
    (loss,) = model.losses
    assert float(loss) == pytest.approx(0.1 * np.abs(kernel).sum(), rel=1e-5)


@pytest.mark.parametrize("name", ["maxout", "conv-maxout"])
def test_it_is_of_keras_s_own_layers(name):
    model = ak.models.build(name)
    assert all(type(x).__module__.startswith("keras.") for x in model.layers)
    again = ak.models.build(name)
    other = ak.models.build(name, seed=1)
    first, same, differs = (m.get_weights()[0] for m in (model, again, other))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, differs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "`units` must"),
        ({"depth": 0}, "`depth` must"),
        ({"pieces": 1}, "`pieces` must be 2 or more"),
        ({"l1": -0.1}, "`l1` must be a finite number of at least 0"),
        ({"l1": "x"}, "`l1` must be a finite number of at least 0"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        ak.models.build("maxout", **options)


def test_a_convolution_without_channels():
    with pytest.raises(ValueError, match=r"`channels\[1\]` must"):
        ak.models.build("conv-maxout", channels=(3, 0))
