"""The Fourier formula beside a matrix, and beside zero padding."""

import keras
import numpy as np
import pytest

from advkeras.analysis import spectrum
from tests.analysis.spectrum.matrices import built
from tests.analysis.spectrum.matrices import matrix


def wrapped(kernel, stride):
    """Convolves images that are continued on the other side."""
    height, width = kernel.shape[:2]

    def convolve(x):
        x = np.pad(
            x, [(0, 0), (0, height - 1), (0, width - 1), (0, 0)], mode="wrap"
        )
        return keras.ops.conv(x, kernel, strides=stride, padding="valid")

    return convolve


@pytest.mark.parametrize(
    ("size", "kernel", "stride"),
    [
        ((6, 6), (3, 3), 1),
        ((6, 8), (3, 2), 2),
        ((9, 6), (5, 3), 3),
        ((5, 5), (1, 1), 5),
        ((4, 4), (5, 5), 2),
    ],
)
def test_as_the_matrix_of_a_convolution_that_wraps(size, kernel, stride):
    kernel = np.random.default_rng(0).normal(size=(*kernel, 2, 3))
    expected = np.linalg.norm(matrix(wrapped(kernel, stride), (*size, 2)), 2)
    found = spectrum.circular_norm(kernel, size, stride)
    assert found == pytest.approx(expected, rel=1e-10)


def test_hand_computed():
    """A difference of neighbours doubles what alternates."""
    kernel = np.reshape([1.0, -1.0], (1, 2, 1, 1))
    assert spectrum.circular_norm(kernel, (1, 8)) == pytest.approx(2)
    # Every other difference: of (a, b) apart, sqrt(2).
    assert spectrum.circular_norm(kernel, (2, 8), 2) == pytest.approx(2**0.5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_zero_padding_is_within_a_larger_circle(padding):
    layer = keras.layers.Conv2D(3, 3, padding=padding)
    built(layer, (6, 6, 2))
    flat = spectrum.operator_norm(layer, (6, 6, 2)).upper
    kernel = np.asarray(layer.kernel)
    assert flat < spectrum.circular_norm(kernel, 8) * (1 + 1e-6)


def test_a_transform_of_the_kernels_own_size_sees_too_little():
    """The paper's formula, without the padding that it leaves out."""
    kernel = np.random.default_rng(3).normal(size=(3, 3, 2, 2))
    assert spectrum.circular_norm(kernel, 3) < spectrum.circular_norm(
        kernel, 12
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((3, 3)), 8), "`kernel` must"),
        ((np.full((1, 1, 1, 1), np.nan), 8), "`kernel` must"),
        ((np.ones((3, 3, 1, 1)), 8, 3), "`stride` must divide"),
        ((np.ones((3, 3, 1, 1)), 0), "`size` must"),
        ((np.ones((3, 3, 1, 1)), 8, 0), "`stride` must"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        spectrum.circular_norm(*arguments)
