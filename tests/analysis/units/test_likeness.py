"""Measures of sets of images, by hand and by brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras.analysis.units import likeness
from advkeras.analysis.units.likeness import Likeness


def of(labels, images, *sets):
    images = np.asarray(images, np.float32)
    return Likeness.of(labels, images, len(images)).measure(np.array(sets))


def test_purity_and_entropy_by_hand():
    """Sets of 4: one class; 3 + 1; 2 + 2; 4 of 4."""
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 3])
    images = np.eye(8)
    sets = [[0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 4, 5], [0, 4, 6, 7]]
    found = of(labels, images, *sets)
    np.testing.assert_array_equal(found.purity, [1, 0.75, 0.5, 0.25])
    # In bits, of 2 at most: 0, 0.8113, 1, 2.
    np.testing.assert_allclose(found.entropy, [0, 0.405639, 0.5, 1], atol=1e-6)


def test_similarity_by_hand():
    """The mean is (0, 0): cosines 1, -1 and 0, -1 of three pairs."""
    images = [[1, 0], [2, 0], [-3, 0], [0, 1], [0, -1]]
    found = of(np.zeros(5, int), images, [0, 1, 2], [0, 3, 4], [3, 0, 1])
    np.testing.assert_allclose(found.similarity, [-1 / 3] * 2 + [1 / 3])


def test_the_mean_image_is_like_none():
    images = [[1, 0], [-1, 0], [0, 0], [0, 0]]
    found = of(np.zeros(4, int), images, [2, 3], [0, 2])
    np.testing.assert_array_equal(found.similarity, [0, 0])


@given(st.integers(0, 1000), st.integers(2, 6))
def test_against_brute_force(seed, k):
    random = np.random.default_rng(seed)
    images = random.random((12, 3, 2, 1), np.float32)
    labels = random.integers(0, 4, 12)
    indices = random.choice(12, k, replace=False)
    found = of(labels, images, indices)
    flat = (images - images.mean(axis=0)).reshape(12, -1)
    cosines = [
        flat[i] @ flat[j] / np.linalg.norm(flat[i]) / np.linalg.norm(flat[j])
        for i, j in itertools.combinations(indices, 2)
    ]
    assert found.similarity[0] == pytest.approx(np.mean(cosines), abs=1e-5)
    counts = np.bincount(labels[indices])
    assert found.purity[0] == counts.max() / k
    assert 1 / k <= found.purity[0] <= 1
    assert 0 <= found.entropy[0] <= 1 + 1e-12
    assert (found.entropy[0] == 0) == (found.purity[0] == 1)


def test_parts_make_no_difference(monkeypatch):
    random = np.random.default_rng(0)
    images = random.random((9, 4))
    sets = [random.choice(9, 3, replace=False) for _ in range(7)]
    whole = of(np.zeros(9, int), images, *sets)
    monkeypatch.setattr(likeness, "_AT_A_TIME", 24)
    parts = of(np.zeros(9, int), images, *sets)
    np.testing.assert_array_equal(whole.similarity, parts.similarity)


def test_one_hot_labels_are_labels():
    labels = np.array([2, 0, 1, 2])
    sets = [[0, 3], [0, 1]]
    whole = of(labels, np.eye(4), *sets)
    found = of(np.eye(3)[labels], np.eye(4), *sets)
    np.testing.assert_array_equal(whole.purity, [1, 0.5])
    np.testing.assert_array_equal(found.purity, whole.purity)


def test_rows_and_means():
    found = of(np.array([0, 0, 1]), np.eye(3), [0, 1], [1, 2])
    assert len(found) == 2
    assert found.row(1) == {
        "images": [1, 2],
        "purity": 0.5,
        "entropy": pytest.approx(1),
        "similarity": pytest.approx(-0.5),
    }
    assert found.means() == {
        "purity": 0.75,
        "entropy": pytest.approx(0.5),
        "similarity": pytest.approx(-0.5),
    }


@pytest.mark.parametrize(
    ("labels", "images", "message"),
    [
        ([0, 1, 2], np.eye(2), "one row for each of 2 images"),
        ([0, 1], np.eye(3), "`labels` must have one row for each"),
        ([0, -1, 2], np.eye(3), "`labels` must be 0"),
        ([0.0, 1.0, 2.0], np.eye(3), "`labels` must be integers"),
        ([0, 1, 2], np.eye(3) * np.nan, "`images` must be finite"),
        ([0, 1, 2], np.float32(1), "`images` must be"),
        ([], np.eye(3), "`labels` must have one row for each"),
    ],
)
def test_bad_input(labels, images, message):
    with pytest.raises(ValueError, match=message):
        Likeness.of(labels, images, 3)
