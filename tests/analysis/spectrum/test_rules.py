"""The norm of one layer, class by class."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from keras import layers

from advkeras.analysis.spectrum import activations
from advkeras.analysis.spectrum import ascent
from advkeras.analysis.spectrum import doubles
from advkeras.analysis.spectrum import normalisation
from advkeras.analysis.spectrum import rules
from advkeras.models.layers import L2Pooling2D
from advkeras.models.layers import LocalContrastNormalization
from advkeras.models.layers import LocalResponseNormalization
from tests.analysis.spectrum.matrices import brute_norm
from tests.analysis.spectrum.matrices import built

LINEAR = [
    (layers.AveragePooling2D(3, 2), (7, 6, 2)),
    (layers.AveragePooling2D((2, 3), 1, padding="same"), (5, 6, 1)),
    (layers.AveragePooling1D(3, 1, padding="same"), (7, 2)),
    (layers.AveragePooling3D(2, 1), (3, 4, 3, 1)),
    (layers.GlobalAveragePooling2D(), (4, 3, 2)),
    (layers.GlobalAveragePooling1D(), (4, 3)),
    (layers.UpSampling2D((2, 3)), (3, 3, 2)),
    (layers.UpSampling2D(2, interpolation="bilinear"), (4, 3, 2)),
    (layers.UpSampling1D(3), (4, 2)),
    (layers.Resizing(3, 5), (5, 4, 2)),
    (layers.Rescaling([0.5, -2.0], offset=1.0), (3, 3, 2)),
    (layers.RepeatVector(5), (3,)),
    (layers.ZeroPadding2D(1), (3, 3, 1)),
    (layers.Cropping2D(1), (4, 4, 1)),
    (layers.Permute((2, 1)), (3, 4)),
    (layers.Dropout(0.5), (6,)),
    (layers.Dense(4), (3, 5)),
    (layers.Dense(7), (5,)),
    (layers.TimeDistributed(layers.Dense(3)), (4, 5)),
    (layers.SpectralNormalization(layers.Dense(3)), (5,)),
]


@pytest.mark.parametrize(("layer", "shape"), LINEAR)
def test_linear_layers_as_their_matrices(layer, shape):
    expected = brute_norm(built(layer, shape), shape)
    assert rules.is_known(layer)
    found = rules.norm(layer, shape)
    assert found.upper == pytest.approx(expected, rel=1e-5)
    assert found.lower == pytest.approx(expected, rel=1e-5)


def test_batch_normalization():
    layer = built(layers.BatchNormalization(epsilon=0.1), (3, 3, 2))
    layer.set_weights(np.array([[3.0, -5.0], [1, 1], [0, 9], [0.15, 2.4]]))
    found = rules.norm(layer, (3, 3, 2))
    assert found.upper == pytest.approx(3 / math.sqrt(0.25), rel=1e-6)
    plain = layers.BatchNormalization(scale=False, epsilon=0.1)
    plain.build((None, 2))
    plain.set_weights(np.array([[1.0, 1.0], [0, 9], [0.15, 2.4]]))
    assert rules.norm(plain, (2,)).upper == pytest.approx(2, rel=1e-6)


def test_layer_normalization_at_equal_values():
    layer = built(layers.LayerNormalization(epsilon=0.04), (6,))
    layer.set_weights([np.full(6, -3.0), np.ones(6)])
    found = rules.norm(layer, (6,))
    assert found.upper == pytest.approx(3 / 0.2)
    copy = doubles.layer_in_float64(layer, [(6,)])
    ratio = ascent.largest_ratio(copy, [(6,)])
    assert 0.99 * found.upper < ratio <= found.upper


@pytest.mark.parametrize(
    ("pool", "stride", "padding", "size", "windows"),
    [
        (2, 2, "valid", 8, 1),
        (3, 2, "valid", 7, 4),  # AlexNet's: not a contraction
        (3, 1, "valid", 7, 9),
        (3, 1, "valid", 4, 4),  # there are two places a side
        (3, 3, "same", 7, 1),
        ((3, 2), (1, 2), "same", 6, 3),
    ],
)
def test_max_pooling_of_a_peak_in_several_windows(
    pool, stride, padding, size, windows
):
    layer = layers.MaxPooling2D(pool, stride, padding=padding)
    shape = (size, size, 1)
    found = rules.norm(layer, shape)
    assert found.upper == pytest.approx(math.sqrt(windows))
    # A single peak is the largest of all its windows.
    peaks = np.eye(size * size).reshape(-1, *shape)
    values = np.asarray(layer(peaks)).reshape(len(peaks), -1)
    assert np.linalg.norm(values, axis=1).max() == pytest.approx(
        math.sqrt(windows)
    )


def test_l2_pooling():
    layer = L2Pooling2D(3, 2)
    found = rules.norm(layer, (7, 7, 2))
    assert found.upper == pytest.approx(2)
    copy = doubles.layer_in_float64(layer, [(7, 7, 2)])
    ratio = ascent.largest_ratio(copy, [(7, 7, 2)])
    assert 1 < ratio <= found.upper


def _jacobian_norm(function, x):
    """By differences of both sides, good to 1e-7."""
    n, h = x.size, 1e-5 * max(1e-3, np.abs(x).max())
    steps = h * np.eye(n).reshape(n, *x.shape)
    apart = np.asarray(function(x + steps)) - np.asarray(function(x - steps))
    return np.linalg.norm(apart.reshape(n, n) / (2 * h), 2)


@pytest.mark.parametrize(
    "layer",
    [
        LocalResponseNormalization(1, bias=0.5, alpha=1.0, beta=0.75),
        LocalResponseNormalization(2, bias=2.0, alpha=3.0, beta=1.0),
        LocalResponseNormalization(9, bias=0.3, alpha=1.0, beta=0.5),
        LocalContrastNormalization(3, epsilon=0.1),
        LocalContrastNormalization(5, epsilon=1e-2),
    ],
)
def test_no_jacobian_of_a_normalisation_is_above_its_bound(layer):
    shape = (4, 4, 3) if isinstance(layer, LocalContrastNormalization) else (9,)
    found = rules.norm(built(layer, shape), shape)
    copy = doubles.layer_in_float64(layer, [shape])
    random = np.random.default_rng(0)
    best = 0.0
    for scale in np.geomspace(1e-2, 30, 12):
        x = scale * random.standard_t(3, size=shape)
        best = max(best, _jacobian_norm(copy, x))
    best = max(best, _jacobian_norm(copy, np.zeros(shape)))
    assert found.lower * (1 - 1e-5) <= best <= found.upper * (1 + 1e-5)


def _normalised(v, g, k, beta):
    return v * (k + v**2 @ g.T) ** -beta


@settings(max_examples=30)
@given(
    k=st.floats(0.05, 5),
    beta=st.floats(0.2, 1.5),
    seed=st.integers(0, 10_000),
    scale=st.floats(0.1, 30),
)
def test_divisive_bound_of_any_weights(k, beta, seed, scale):
    """Random g, random v: the closed Jacobian stays below."""
    random = np.random.default_rng(seed)
    n = 6
    g = random.exponential(size=(n, n)) * (random.random((n, n)) < 0.6)
    g[np.diag_indices(n)] += 0.1
    v = scale * random.standard_t(2, size=n)
    s = k + g @ v**2
    jacobian = np.diag(s**-beta) - (
        2 * beta * (v * s ** (-beta - 1))[:, None] * g * v
    )
    spread = (g / np.diag(g)[:, None]).sum(axis=0).max()
    bound = normalisation.divisive_bound(k, beta, spread)
    assert np.linalg.norm(jacobian, 2) <= bound
    # Against the two parts bounded one by one.
    apart = 1 + 2 * (1 + 1 / beta) ** (-beta - 1) * math.sqrt(spread)
    assert k**-beta <= bound <= k**-beta * apart * (1 + 1e-6)


def test_the_papers_constant_where_one_window_is_everything():
    """Szegedy et al. have bias^-beta of any; of windows ours is above it."""
    whole = LocalResponseNormalization(8, bias=1.0, alpha=1.0, beta=0.75)
    assert rules.norm(built(whole, (9,)), (9,)).upper == pytest.approx(1)
    part = LocalResponseNormalization(1, bias=1.0, alpha=1.0, beta=0.75)
    assert 1 < rules.norm(built(part, (9,)), (9,)).upper < 2


FUNCTIONS = (
    "celu elu gelu hard_sigmoid hard_silu hard_tanh leaky_relu linear "
    "log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink softplus "
    "softsign sparse_plus sparse_sigmoid squareplus tanh tanh_shrink"
)


@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_slopes_on_a_grid(name):
    """The steepest slope of an activation: not above, and nearly reached."""
    function = keras.activations.get(name)
    x = np.linspace(-200, 200, 1_000_001)
    y = keras.ops.convert_to_numpy(function(keras.ops.cast(x, "float64")))
    slope = np.abs(np.diff(y) / np.diff(x)).max()
    constant = activations.constant(function)
    assert slope <= constant.upper * (1 + 1e-9)
    assert slope >= constant.lower * (1 - 1e-3)


def test_jacobians_of_softmax():
    function = keras.activations.softmax
    random = np.random.default_rng(0)
    norms = [
        _jacobian_norm(function, scale * random.normal(size=5))
        for scale in (0.1, 1, 3, 10)
        for _ in range(10)
    ]
    constant = activations.constant(function)
    assert max(norms) <= constant.upper * (1 + 1e-6)
    # Two classes at one half, the others far below.
    half = np.array([0.0, 0.0, -40, -40, -40])
    assert _jacobian_norm(function, half) == pytest.approx(0.5, rel=1e-5)


def test_layers_of_activations():
    prelu = layers.PReLU()
    prelu.build((None, 2))
    prelu.set_weights([np.array([0.5, -3.0])])
    for layer, expected in (
        (layers.ReLU(), 1),
        (layers.ReLU(negative_slope=2.0), 2),
        (layers.LeakyReLU(0.1), 1),
        (layers.ELU(1.5), 1.5),
        (layers.Activation("sigmoid"), 0.25),
        (layers.Softmax(), 0.5),
        (prelu, 3),
    ):
        assert rules.is_known(layer)
        assert rules.norm(layer, (2,)).upper == pytest.approx(expected)
    for layer in (
        layers.ReLU(threshold=1.0),
        layers.Activation("exponential"),
        layers.Activation(lambda x: x**2),
        layers.Dense(2, activation="exponential"),
        layers.UnitNormalization(),
    ):
        assert not rules.is_known(layer)


def test_a_subclass_is_not_known():
    """It may compute anything."""

    class Squared(layers.Dense):
        def call(self, x):
            return super().call(x) ** 2

    assert not rules.is_known(Squared(2))


def test_an_activation_that_is_a_layer():
    layer = built(layers.Dense(3, activation=layers.ELU(2.0)), (4,))
    kernel = np.asarray(layer.kernel)
    assert rules.norm(layer, (4,)).upper == pytest.approx(
        2 * np.linalg.norm(kernel, 2), rel=1e-6
    )
