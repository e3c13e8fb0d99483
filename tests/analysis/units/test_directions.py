"""Directions and top images whose answers are known beforehand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras.analysis import units


def random_features(n=40, dim=6, seed=0):
    return np.random.default_rng(seed).random((n, dim), np.float32)


def test_directions_are_unit_vectors_that_lean_nowhere():
    found = units.random_directions(50, 400)
    assert found.shape == (400, 50)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    # A coordinate has variance 1 / 50: of 400, the mean is within 5 sigma.
    assert np.abs(found.mean(axis=0)).max() < 5 / np.sqrt(50 * 400)
    assert found.var() == pytest.approx(1 / 50, rel=0.05)


def test_directions_go_on_where_a_generator_is():
    random = np.random.default_rng(3)
    parts = [units.random_directions(7, count, random) for count in (2, 3)]
    whole = units.random_directions(7, 5, 3)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_top_images_by_hand():
    features = [[1, 5], [3, 4], [2, 0]]
    np.testing.assert_array_equal(
        units.top_images(features, k=2), [[1, 2], [0, 1]]
    )
    # Along (1, 1): 6, 7, 2; along (-2, 0): -2, -6, -4.
    along = units.top_images(features, [[1, 1], [-2, 0]], k=3)
    np.testing.assert_array_equal(along, [[1, 0, 2], [0, 2, 1]])


@given(st.integers(0, 1000), st.integers(1, 8))
def test_equal_images_come_in_their_order(seed, k):
    random = np.random.default_rng(seed)
    features = random.integers(0, 3, (8, 2))
    expected = np.argsort(-features, axis=0, kind="stable")[:k].T
    np.testing.assert_array_equal(units.top_images(features, k=k), expected)


def test_units_are_the_natural_basis():
    features = random_features()
    np.testing.assert_array_equal(
        units.top_images(features), units.top_images(features, np.eye(6))
    )


def test_no_directions_have_no_images():
    found = units.top_images(random_features(), np.empty((0, 6)), k=3)
    assert found.shape == (0, 3)


@pytest.mark.parametrize("bad", [np.zeros((2, 5)), np.zeros(6), [[np.inf] * 6]])
def test_bad_directions(bad):
    with pytest.raises(ValueError, match="`directions` must be"):
        units.top_images(random_features(), bad)


@pytest.mark.parametrize("k", [0, 41, True])
def test_bad_k_of_top_images(k):
    with pytest.raises(ValueError, match="`k` must be"):
        units.top_images(random_features(), k=k)


@pytest.mark.parametrize(("dim", "count"), [(0, 1), (1, 0), (2.5, 1)])
def test_bad_sizes_of_directions(dim, count):
    with pytest.raises(ValueError, match="must be a whole number"):
        units.random_directions(dim, count)
