import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from advkeras.attacks import norms
from advkeras.evaluation import amplify
from advkeras.evaluation import gaussian_noise


def images(n=3, seed=0):
    return np.random.default_rng(seed).random((n, 6, 6, 2), np.float32)


@settings(max_examples=30, deadline=None)
@given(distortion=st.floats(0.001, 1.0), upper=st.sampled_from([1.0, 255.0]))
def test_noise_has_exactly_the_distortion(distortion, upper):
    clean = upper * images()
    noisy = gaussian_noise(clean, distortion, (0.0, upper))
    found = norms.distortion(noisy - clean, (0.0, upper))
    np.testing.assert_allclose(found, distortion, rtol=1e-3)


def test_noise_is_gaussian_and_seeded():
    clean = np.zeros((4, 50, 50, 1), np.float32)
    a, b, c = (gaussian_noise(clean, 0.1, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    # Of a normal distribution 68.3 % lie within one standard deviation;
    # 10,000 values know it to 0.5 points.
    assert np.mean(np.abs(a) < 0.1) == pytest.approx(0.683, abs=0.02)


def test_clipped_noise_stays_in_the_box_and_is_smaller():
    clean = images()
    noisy = gaussian_noise(clean, 0.5, clip=True)
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert (norms.distortion(noisy - clean, (0, 1)) < 0.5).all()


def test_amplified_by_hand():
    """r = (0.1, 0), RMS 0.1 / sqrt(2); to 0.2 it is (0.2 sqrt(2), 0)."""
    clean = np.array([0.5, 0.5], np.float32).reshape(1, 1, 2, 1)
    found = clean + np.array([0.1, 0.0], np.float32).reshape(1, 1, 2, 1)
    amplified = amplify(clean, found, 0.2)
    np.testing.assert_allclose(
        amplified.ravel(), [0.5 + 0.2 * np.sqrt(2), 0.5], rtol=1e-6
    )
    np.testing.assert_allclose(amplify(clean, found, 0.5).ravel(), [1.0, 0.5])


def test_amplifying_keeps_the_direction():
    clean, other = images(seed=0), images(seed=1)
    moved = amplify(clean, other, 0.3, clip=False) - clean
    cosine = np.sum(moved * (other - clean), axis=(1, 2, 3))
    cosine /= norms.l2(moved) * norms.l2(other - clean)
    np.testing.assert_allclose(cosine, 1, rtol=1e-4)


def test_nothing_to_amplify():
    np.testing.assert_array_equal(amplify(images(), images(), 0.1), images())


@pytest.mark.parametrize("distortion", [0, -0.1, float("nan")])
def test_bad_distortion(distortion):
    for call in (
        lambda: gaussian_noise(images(), distortion),
        lambda: amplify(images(), images(), distortion),
    ):
        with pytest.raises(ValueError, match="distortion"):
            call()
