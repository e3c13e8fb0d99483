"""Images in shards are those of the whole, in its order."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.datasets import shards


@pytest.fixture(scope="module")
def digits():
    return ak.datasets.load("mnist5k", "test")


@pytest.mark.parametrize("n", [1, 512, 513, 1000])
def test_a_sample_in_shards_is_the_sample(digits, n):
    images, labels = digits.sample(n, seed=3)
    made = shards.of_sample(digits, n, seed=3)
    parts = list(made)
    assert len(made) == n
    assert [part.start for part in parts] == list(made.starts)
    assert [len(part.images) for part in parts[:-1]] == [512] * (len(parts) - 1)
    np.testing.assert_array_equal(
        np.concatenate([part.images for part in parts]), images
    )
    np.testing.assert_array_equal(
        np.concatenate([part.labels for part in parts]), labels
    )
    first = made.first(300)
    np.testing.assert_array_equal(first[0], images[:300])
    np.testing.assert_array_equal(first[1], labels[:300])


def test_they_can_be_read_again(digits):
    made = shards.of_sample(digits, 300)
    one, other = list(made), list(made)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.images, b.images)


def test_arrays_in_shards():
    images = np.random.default_rng(0).random((600, 4, 4, 1), np.float32)
    parts = list(shards.of_arrays(images, np.arange(600), size=512))
    assert [len(part.images) for part in parts] == [512, 88]
    assert parts[1].labels[0] == 512
    (one,) = shards.of_arrays(images[:3])
    assert one.labels is None


def test_another_choice_has_another_fingerprint(digits):
    def print_of(*given):
        return shards.of_sample(digits, *given).fingerprint

    assert print_of(300, 0) == print_of(300, 0)
    assert len({print_of(300, 0), print_of(300, 1), print_of(301, 0)}) == 3


@pytest.mark.parametrize("size", [0, 255, 257, -256])
def test_a_size_that_is_no_multiple(digits, size):
    with pytest.raises(ValueError, match=f"shard={size}"):
        shards.of_sample(digits, 10, size=size)
