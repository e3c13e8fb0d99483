"""The layers of the 2012 nets, by hand and against NumPy and TensorFlow."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from advkeras.models import layers

LAYERS = {
    "lrn": lambda **k: layers.LocalResponseNormalization(
        depth_radius=1, bias=0.5, alpha=0.3, beta=0.6, **k
    ),
    "locally connected": lambda **k: layers.LocallyConnected2D(
        4, (3, 2), strides=(2, 1), activation="tanh", **k
    ),
    "l2 pooling": lambda **k: layers.L2Pooling2D((3, 2), (1, 2), **k),
    "lcn": lambda **k: layers.LocalContrastNormalization(3, 0.1, **k),
}
EVERY_LAYER = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def random(*shape, dtype=np.float32):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


# Each by hand.


def test_lrn_by_hand():
    layer = layers.LocalResponseNormalization(1, bias=2.0, alpha=1.0, beta=0.5)
    x = np.array([[1.0, 2.0, 3.0, -4.0]], np.float32)
    # Sums of squares of neighbours: 1+4, 1+4+9, 4+9+16, 9+16.
    by_hand = x / np.sqrt([[7.0, 16.0, 31.0, 27.0]])
    np.testing.assert_allclose(layer(x), by_hand, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 7])
def test_lrn_is_tensorflow_s(channels):
    x = 10 * random(2, 3, 3, channels)
    expected = tf.nn.local_response_normalization(x, 2, 2.0, 1e-4, 0.75)
    layer = layers.LocalResponseNormalization()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)


def test_locally_connected_by_hand():
    layer = layers.LocallyConnected2D(1, (1, 2), use_bias=True)
    x = np.array([[[[1.0], [2.0], [3.0]]]], np.float32)
    layer.build(x.shape)
    layer.kernel.assign([[[[1.0], [10.0]], [[100.0], [1000.0]]]])
    layer.bias.assign([[[0.5], [0.25]]])
    # 1 + 20 + 0.5 at the first place, 200 + 3000 + 0.25 at the second.
    assert np.asarray(layer(x)).ravel().tolist() == [21.5, 3200.25]


def test_locally_connected_place_by_place():
    layer = LAYERS["locally connected"]()
    x = random(2, 7, 5, 3)
    y = np.asarray(layer(x))
    assert y.shape == layer.compute_output_shape(x.shape) == (2, 3, 4, 4)
    layer.bias.assign(random(*layer.bias.shape))
    kernel, bias = layer.get_weights()
    assert kernel.shape == (3, 4, 3 * 2 * 3, 4)
    for r in range(3):
        for c in range(4):
            patch = x[:, 2 * r : 2 * r + 3, c : c + 2].reshape(2, -1)
            expected = np.tanh(patch @ kernel[r, c] + bias[r, c])
            np.testing.assert_allclose(layer(x)[:, r, c], expected, atol=1e-5)


def test_shared_weights_make_a_convolution():
    layer = layers.LocallyConnected2D(5, 3, strides=2, use_bias=False)
    x = random(2, 9, 9, 4)
    layer.build(x.shape)
    shared = random(3, 3, 4, 5)
    layer.kernel.assign(np.broadcast_to(shared.reshape(36, 5), (4, 4, 36, 5)))
    expected = tf.nn.conv2d(x, shared, 2, "VALID")
    np.testing.assert_allclose(layer(x), expected, atol=1e-4)


def test_locally_connected_starts_at_the_scale_of_its_input():
    """As He et al. have it: of a linear layer twice the input's variance."""
    layer = layers.LocallyConnected2D(32, 5)
    y = np.asarray(layer(random(64, 9, 9, 8)))
    assert np.var(y) == pytest.approx(2, rel=0.1)
    assert not np.any(layer.bias)


def test_l2_pooling_by_hand():
    layer = layers.L2Pooling2D((1, 2), epsilon=1.0)
    x = np.array([[[[2.0, 0.0], [2.0, 0.0], [-4.0, 3.0]]]], np.float32)
    # sqrt(1 + 4 + 4), sqrt(1 + 4 + 16); of the other channel 1, sqrt(10).
    by_hand = [[[[3.0, 1.0], [np.sqrt(21), np.sqrt(10)]]]]
    np.testing.assert_allclose(layer(x), by_hand, rtol=1e-6)


def test_l2_pooling_window_by_window():
    layer = LAYERS["l2 pooling"]()
    x = random(2, 6, 7, 3)
    y = np.asarray(layer(x))
    assert y.shape == layer.compute_output_shape(x.shape) == (2, 4, 3, 3)
    for r in range(4):
        for c in range(3):
            window = x[:, r : r + 3, 2 * c : 2 * c + 2]
            expected = np.sqrt(1e-6 + np.square(window).sum((1, 2)))
            np.testing.assert_allclose(y[:, r, c], expected, rtol=1e-5)


def test_lcn_of_one_pixel_by_hand():
    layer = layers.LocalContrastNormalization(1, epsilon=1.0)
    x = np.array([[[[1.0, 5.0]]]], np.float32)
    # Mean 3, so v = -2 and 2; mean square 4.
    by_hand = np.array([[[[-2.0, 2.0]]]]) / np.sqrt(5)
    np.testing.assert_allclose(layer(x), by_hand, rtol=1e-6)


def test_lcn_against_scipy():
    from scipy import ndimage

    layer = layers.LocalContrastNormalization(5, epsilon=0.2)
    x = random(1, 8, 9, 3, dtype=np.float64)

    def mean(z):
        return ndimage.correlate(
            z.mean(axis=-1)[0], layer.window(), mode="constant"
        )[None, :, :, None]

    v = x - mean(x)
    expected = v / np.sqrt(0.2 + mean(v**2))
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_lcn_of_an_even_surface_is_zero_off_the_border():
    layer = layers.LocalContrastNormalization(3, epsilon=1e-4)
    y = np.asarray(layer(np.full((1, 9, 9, 2), 0.7, np.float32)))
    np.testing.assert_allclose(y[:, 1:-1, 1:-1], 0, atol=1e-5)
    assert abs(y[:, 0]).min() > 0.1  # beyond the border is zero


def test_lcn_takes_away_brightness_and_contrast():
    x = random(1, 15, 15, 2)
    layer = layers.LocalContrastNormalization(3, epsilon=1e-6)
    inside = np.s_[:, 3:-3, 3:-3]
    np.testing.assert_allclose(
        layer(5 * x + 3)[inside], layer(x)[inside], atol=1e-3
    )


def test_the_window_is_a_gaussian_of_sum_one():
    window = layers.LocalContrastNormalization(5).window()
    assert window.sum() == pytest.approx(1)
    np.testing.assert_allclose(window, window.T)
    np.testing.assert_allclose(window, window[::-1])
    # Two pixels off at standard deviation 5/4.
    assert window[2, 4] / window[2, 2] == pytest.approx(
        np.exp(-0.5 * (2 / 1.25) ** 2)
    )


# All alike.


@EVERY_LAYER
def test_saved_loaded_and_in_a_graph(tmp_path, make):
    x = random(2, 7, 5, 3)
    model = keras.Sequential([keras.Input(x.shape[1:]), make()])
    expected = np.asarray(model.layers[-1](x))
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    graph = tf.function(loaded, input_signature=[_spec(x)])
    np.testing.assert_allclose(graph(x), expected, atol=1e-6)


@pytest.mark.slow
@EVERY_LAYER
def test_exported_it_says_the_same(tmp_path, make):
    """By the builtin operators of .tflite, the converter's default."""
    x = random(1, 7, 5, 3)
    model = keras.Sequential([keras.Input(x.shape[1:]), make()])
    model.export(tmp_path, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    interpreter = Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    given, said = (
        details[0]["index"]
        for details in (
            interpreter.get_input_details(),
            interpreter.get_output_details(),
        )
    )
    interpreter.set_tensor(given, x)
    interpreter.invoke()
    np.testing.assert_allclose(
        interpreter.get_tensor(said), model(x), atol=1e-5
    )


@EVERY_LAYER
def test_float64_and_its_gradient(make):
    """The gradient is that of finite differences, as far as float64 goes."""
    x = tf.constant(random(2, 7, 5, 3, dtype=np.float64))
    layer = make(dtype="float64")
    assert layer(x).dtype == tf.float64
    towards = tf.constant(
        np.random.default_rng(1).normal(size=x.shape), tf.float64
    )

    @tf.function
    def value(z):
        return tf.reduce_sum(tf.sin(layer(z)))

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = value(x)
    slope = tf.reduce_sum(tape.gradient(y, x) * towards)
    h = 1e-5
    differences = (value(x + h * towards) - value(x - h * towards)) / (2 * h)
    np.testing.assert_allclose(slope, differences, rtol=1e-7)


@EVERY_LAYER
def test_finite_at_zero(make):
    x = tf.zeros((1, 7, 5, 3))
    layer = make()
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    assert np.isfinite(y).all()
    assert np.isfinite(tape.gradient(y, x)).all()


@EVERY_LAYER
def test_images_of_unknown_number(make):
    inputs = keras.Input((7, 5, 3))
    layer = make()
    shape = layer(inputs).shape
    assert shape == (None, *layer(random(2, 7, 5, 3)).shape[1:])


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: layers.LocalResponseNormalization(0), "depth_radius"),
        (lambda: layers.LocalResponseNormalization(bias=0), "bias"),
        (lambda: layers.LocalResponseNormalization(alpha=-1), "alpha"),
        (lambda: layers.LocalResponseNormalization(beta="1"), "beta"),
        (lambda: layers.LocallyConnected2D(0, 3), "filters"),
        (lambda: layers.LocallyConnected2D(2, (3, 3, 3)), "kernel_size"),
        (lambda: layers.LocallyConnected2D(2, 3, strides=0), "strides"),
        (lambda: layers.L2Pooling2D("3"), "pool_size"),
        (lambda: layers.L2Pooling2D(3, strides=(1, -1)), "strides"),
        (lambda: layers.L2Pooling2D(3, epsilon=0), "epsilon"),
        (lambda: layers.LocalContrastNormalization(4), "kernel_size"),
        (lambda: layers.LocalContrastNormalization(0), "kernel_size"),
        (lambda: layers.LocalContrastNormalization(3, 0), "epsilon"),
    ],
)
def test_bad_arguments(make, name):
    with pytest.raises(ValueError, match=f"`{name}` must .*Received: {name}="):
        make()


@pytest.mark.parametrize(
    "layer", [layers.LocallyConnected2D(2, 6), layers.L2Pooling2D((3, 6))]
)
def test_windows_larger_than_the_images(layer):
    with pytest.raises(ValueError, match=r"have room.*input_shape=\(2, 7, 5"):
        layer.compute_output_shape((2, 7, 5, 3))


def _spec(x):
    return tf.TensorSpec((None, *x.shape[1:]), x.dtype)
