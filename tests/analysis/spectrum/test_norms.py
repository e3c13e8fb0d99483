"""Operator norms beside matrices that are written out."""

import math

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from advkeras.analysis import spectrum
from advkeras.analysis.spectrum import norms
from advkeras.models.layers import LocallyConnected2D
from tests.analysis.spectrum.matrices import brute_norm
from tests.analysis.spectrum.matrices import built

CONVOLUTIONS = [
    *(
        (
            layers.Conv2D(4, k, strides=s, padding=p),
            (7, 6, 2),
        )
        for p in ("valid", "same")
        for s in (1, 2, (3, 2))
        for k in (3, (2, 5))
    ),
    *(
        (layers.Conv2D(4, 3, dilation_rate=d, padding=p), (8, 7, 2))
        for p in ("valid", "same")
        for d in (2, (1, 3))
    ),
    (layers.Conv2D(6, 3, groups=2, padding="same"), (6, 6, 4)),
    (layers.Conv2D(4, 3, groups=4, strides=2), (7, 7, 4)),
    (layers.Conv2D(4, 3, groups=2, dilation_rate=2), (7, 7, 4)),
    (layers.DepthwiseConv2D(3, padding="same"), (6, 6, 3)),
    (layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2), (7, 7, 3)),
    (layers.DepthwiseConv2D(3, dilation_rate=2), (7, 7, 2)),
    (layers.SeparableConv2D(5, 3, strides=2), (7, 7, 3)),
    (layers.Conv2DTranspose(2, 3, strides=2), (4, 4, 3)),
    (layers.Conv2DTranspose(2, 3, strides=2, padding="same"), (4, 5, 3)),
    (layers.Conv1D(3, 4, padding="causal", dilation_rate=2), (11, 2)),
    (layers.Conv1D(3, 4, strides=3), (11, 2)),
    (layers.DepthwiseConv1D(3), (9, 3)),
    (layers.SeparableConv1D(4, 3), (9, 3)),
    (layers.Conv1DTranspose(3, 3, strides=2), (6, 2)),
    (layers.Conv3D(2, 2, padding="same"), (3, 4, 3, 2)),
    (layers.Conv3DTranspose(2, 2), (3, 3, 3, 2)),
    (LocallyConnected2D(3, 3, strides=2), (7, 6, 2)),
    (layers.EinsumDense("abc,cd->abd", output_shape=(None, 4)), (5, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS)
def test_convolutions_as_their_matrices(layer, shape):
    """The matrix is made by the layer itself, in float32, with its bias."""
    expected = brute_norm(built(layer, shape), shape)
    found = spectrum.operator_norm(layer, shape)
    assert found.upper == pytest.approx(expected, rel=1e-5)
    assert found.lower == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Conv2D(3, 3, padding="same", activation="relu"), (12, 12, 2)),
        (layers.Conv2D(6, 3, strides=2, groups=2), (15, 15, 4)),
        (layers.DepthwiseConv2D(3, dilation_rate=2), (14, 14, 3)),
    ],
)
def test_iteration_brackets_the_matrix(layer, shape):
    """Too large to be written out by the function; the test still can."""
    built(layer, shape)
    linear = layer.__class__.from_config(
        {**layer.get_config(), "activation": "linear"}
    )
    built(linear, shape)
    expected = brute_norm(linear, shape)
    found = spectrum.operator_norm(layer, shape)
    assert found.residual is not None
    # As far as float32 goes, in which the matrix is made.
    assert found.lower <= expected * (1 + 1e-5)
    assert found.upper >= expected * (1 - 1e-5)
    assert found.upper <= found.lower * 1.0101


@pytest.mark.parametrize("shape", [(400, 300), (300, 400)])
def test_iteration_of_a_known_spectrum(shape):
    """Singular values 3 apart from 2, 1.99, ...: found, residual tiny."""
    random = np.random.default_rng(0)
    n = min(shape)
    left, _ = np.linalg.qr(random.normal(size=(shape[0], n)))
    right, _ = np.linalg.qr(random.normal(size=(shape[1], n)))
    values = np.append(3.0, np.linspace(2, 0, n - 1))
    a = tf.constant(left * values @ right.T)
    found = spectrum.operator_norm(lambda x: x @ a, (shape[0],))
    assert found.residual < 1e-8
    assert found.lower == pytest.approx(3, rel=1e-9)
    assert 3 <= found.upper <= 3 * 1.0101


@pytest.mark.parametrize("seed", range(3))
def test_ritz_values_come_from_below(seed):
    """No gap at all: the hardest spectrum, and still within the slack."""
    n = 2000
    values = np.linspace(0, 1, n)
    ritz, residual = norms._lanczos(lambda v: values * v, n, 20, seed)
    assert 0.9 < ritz < 1
    assert residual > 1e-6
    found = norms._iterated(lambda v: values * v, n, 0.05, 1e-10, seed)
    assert found.lower < 1 < found.upper


def test_slack_holds_as_often_as_it_says():
    """At a failure probability of 10 %, of 400 starts, at most 10 %.

    The spectrum is flat but for its end, where the bound is nearest to what
    happens.
    """
    n, steps = 300, 3
    hard = math.acosh(math.sqrt(2 * n / math.pi) / 0.1)
    values = np.sin(np.linspace(0, np.pi / 2, n)) ** 2
    missed = 0
    for seed in range(400):
        ritz, _ = norms._lanczos(lambda v: values * v, n, steps, seed)
        missed += math.sqrt(ritz) * math.cosh(hard / (2 * steps - 1)) < 1
    assert missed <= 40


def test_lanczos_stops_where_the_space_ends():
    """Of a map of rank one all is known after one step."""
    u = np.random.default_rng(0).normal(size=500)
    a = tf.constant(np.outer(u, u))
    found = spectrum.operator_norm(lambda x: x @ a, (500,))
    assert found.lower == pytest.approx(u @ u, rel=1e-9)
    assert spectrum.operator_norm(lambda x: 0 * x, (500,)).upper == 0


def test_matrices_either_way_and_iterated(monkeypatch):
    a = np.random.default_rng(1).normal(size=(120, 150))
    expected = np.linalg.norm(a, 2)
    for matrix in (a, a.T):
        assert norms.matrix_norm(matrix).upper == pytest.approx(expected)
    monkeypatch.setattr(norms, "_LARGEST_GRAM", 10)
    found = norms.matrix_norm(a)
    assert found.lower <= expected * (1 + 1e-9)
    assert expected <= found.upper <= expected * 1.0102
    # As many steps as dimensions: exact.
    found = norms.matrix_norm(a[:20])
    assert found.upper == pytest.approx(np.linalg.norm(a[:20], 2))


def test_channels_first_is_the_same_map_turned():
    first = layers.Conv2D(3, 3, data_format="channels_first")
    first.build((None, 2, 6, 5))
    last = layers.Conv2D(3, 3)
    last.build((None, 6, 5, 2))
    last.set_weights(first.get_weights())
    one = spectrum.operator_norm(first, (2, 6, 5))
    assert one == spectrum.operator_norm(last, (6, 5, 2))


@hypothesis.settings(max_examples=8)
@given(
    size=st.integers(4, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.sampled_from(("valid", "same")),
    seed=st.integers(0, 99),
)
def test_upper_is_never_below_a_ratio(size, kernel, stride, padding, seed):
    shape = (size, size, 2)
    layer = built(
        layers.Conv2D(2, kernel, strides=stride, padding=padding),
        shape,
        seed=seed,
    )
    found = spectrum.operator_norm(layer, shape)
    random = np.random.default_rng(seed)
    x, r = random.normal(size=(2, 20, *shape))
    apart = np.asarray(layer(x + r)) - np.asarray(layer(x))
    ratios = np.linalg.norm(apart.reshape(20, -1), axis=1) / np.linalg.norm(
        r.reshape(20, -1), axis=1
    )
    assert (ratios <= found.upper * (1 + 1e-5)).all()


def test_spectral_normalization_of_keras_is_not_the_operator_norm():
    """It divides by the norm of the kernel as a (9 * 2, 4) matrix."""
    inner = layers.Conv2D(4, 3, padding="same", use_bias=False)
    wrapped = layers.SpectralNormalization(inner, power_iterations=50)
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    wrapped(x, training=True)
    reshaped = np.asarray(inner.kernel).reshape(-1, 4)
    assert np.linalg.norm(reshaped, 2) == pytest.approx(1, rel=1e-3)
    found = spectrum.operator_norm(inner, (8, 8, 2))
    assert found.lower > 1.5
    assert found.upper == pytest.approx(brute_norm(inner, (8, 8, 2)), rel=1e-5)


def test_bad_input():
    with pytest.raises(ValueError, match="`linear` must be a linear"):
        spectrum.operator_norm(tf.nn.relu, (5,))
    with pytest.raises(ValueError, match="`linear` must be a linear"):
        spectrum.operator_norm(lambda x: x + 1, (5,))
    layer = built(keras.layers.Conv2D(1, 1), (2, 2, 1))
    for name, value in (
        ("tolerance", 0),
        ("failure", -1),
        ("input_shape", (2, None, 1)),
    ):
        arguments = {"input_shape": (2, 2, 1), name: value}
        with pytest.raises(ValueError, match=f"`{name}` must"):
            spectrum.operator_norm(layer, **arguments)
