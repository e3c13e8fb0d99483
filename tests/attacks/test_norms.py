import numpy as np
import pytest

from advkeras.attacks import norms


def test_hand_computed():
    r = np.array([[3.0, -4.0, 0.0, 0.0], [0, 0, 0, 0]]).reshape(2, 2, 2, 1)
    assert norms.l2(r).tolist() == [5.0, 0.0]
    assert norms.linf(r).tolist() == [4.0, 0.0]
    # sqrt(25 / 4) = 2.5, of a range of 10
    assert norms.distortion(r, (0, 10)).tolist() == [0.25, 0.0]


def test_distortion_and_l2_on_mnist():
    """PAPERS' rule for 784 pixels: L2 is 28 times the distortion."""
    r = np.random.default_rng(0).normal(size=(3, 28, 28, 1))
    np.testing.assert_allclose(norms.l2(r), 28 * norms.distortion(r, (0, 1)))


def test_noise_of_a_standard_deviation_has_that_distortion():
    r = np.random.default_rng(0).normal(scale=0.1, size=(1, 300, 300, 1))
    assert norms.distortion(r, (0, 1))[0] == pytest.approx(0.1, rel=0.01)


def test_tiny_gradients_keep_their_l2_direction():
    gradient = np.full((1, 2, 2, 1), 1e-30, np.float32)
    step = norms.steepest_step(gradient, "l2", np.float32(1.0), None)
    np.testing.assert_allclose(step, np.full((1, 2, 2, 1), 0.5))
