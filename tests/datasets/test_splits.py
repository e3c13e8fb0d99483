"""Which images a split means."""

import numpy as np
import pytest

from advkeras.datasets import splits

COUNTS = {"train": 10, "test": 4}


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", range(10)),
        ("test", range(10, 14)),
        ("all", range(14)),
        ("test[:2]", [10, 11]),
        ("train[80%:]", [8, 9]),
        ("train[-1:]+test[:1]", [9, 10]),
        ("test[2:]+train[:2]", [12, 13, 0, 1]),
    ],
)
def test_rows(split, expected):
    assert splits.rows(split, COUNTS).tolist() == [*expected]


# TFDS answers the slice of "all" with a NotImplementedError.
@pytest.mark.parametrize(
    "split", ["nosuch", "train[", "train[:11]", "", "all[:2]"]
)
def test_no_such_split(split):
    with pytest.raises(ValueError) as caught:
        splits.rows(split, COUNTS)
    assert str(caught.value) == (
        "`split` must be of train, test, or a slice such as 'train[:2000]'. "
        f"Received: split={split!r}"
    )


@pytest.mark.parametrize("split", ["train[3:3]", "none"])
def test_an_empty_split(split):
    with pytest.raises(ValueError, match="at least one image"):
        splits.rows(split, COUNTS | {"none": 0})


@pytest.mark.parametrize(
    ("n", "train", "test"), [(1, 0, 1), (2, 1, 1), (5, 4, 1), (100, 80, 20)]
)
def test_a_fifth_is_to_test_on(n, train, test):
    assert splits.shares(n) == {"train": train, "test": test}


def test_the_mixed_order_is_one_and_mixed():
    order = splits.mixed(1000)
    assert sorted(order) == list(range(1000))
    np.testing.assert_array_equal(order, splits.mixed(1000))
    # Half of any stretch is of the first half, standard deviation below 7.
    assert 60 < (order[:200] < 500).sum() < 140
