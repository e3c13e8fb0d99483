"""Differences: counted by hand, whole and in batches."""

import numpy as np
import pytest

from advkeras.edge.lift.differences import Tally
from advkeras.edge.lift.differences import as_floats
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor


def grid(dtype="int8", scale=0.5, zero_point=3):
    """Returns a tensor of these steps."""
    return Tensor(
        index=0,
        name="grid",
        dtype=dtype,
        shape=(1, 4),
        signature=(-1, 4),
        quantization=Quantization(
            np.array([scale], np.float32), np.array([zero_point]), 0
        ),
        data=None,
    )


def test_steps_are_counted():
    real = np.array([[3, 4, 127, -128]], np.int8)
    np.testing.assert_array_equal(
        as_floats(real, grid()), [[0, 0.5, 62, -65.5]]
    )
    tally = Tally(grid())
    tally.add(np.array([[0, 1, 63, -67]], np.float32), real)
    tally.add(as_floats(real, grid()), real)
    found = tally.difference()
    assert (found.values, found.largest, found.mean) == (8, 3, 6 / 8)
    assert (found.within_1, found.within_2) == (6 / 8, 7 / 8)
    assert found.relative is None
    assert found.beyond == 2 / 8 and found.parted
    assert found.to_json()["parted"] is True


def test_floats_of_a_dequantize_are_counted_in_steps():
    tally = Tally(grid())
    tally.add(np.array([0.5, 1.0]), np.array([0.5, 0.5], np.float32))
    assert tally.difference().largest == 1


@pytest.mark.parametrize(
    ("dtype", "steps", "share", "parted"),
    [
        ("int8", 1, 1.0, False),
        ("int8", 2, 0.009, False),
        ("int8", 2, 0.011, True),
        ("int16", 6, 1.0, False),  # 1e-4 of 65,536 are 6.55
        ("int16", 7, 0.011, True),
    ],
)
def test_where_steps_part(dtype, steps, share, parted):
    real = np.zeros(1000, dtype)
    lifted = as_floats(real, grid(dtype))
    lifted[: round(1000 * share)] += 0.5 * steps
    tally = Tally(grid(dtype))
    tally.add(lifted, real)
    assert tally.difference().parted == parted


def test_floats_are_measured_by_their_range():
    tally = Tally(None)
    tally.add(np.array([1.0, 2.0]), np.array([1.0, 2.0], np.float32))
    assert not tally.difference().parted
    tally.add(np.array([-2.0005, 0]), np.array([-2.0, 0], np.float32))
    found = tally.difference()
    assert found.largest == pytest.approx(5e-4)
    assert found.relative == pytest.approx(5e-4 / 4)
    assert found.mean == pytest.approx(5e-4 / 4)
    assert found.within_1 is None and found.beyond is None
    assert found.parted


def test_what_is_not_finite():
    tally = Tally(None)
    real = np.array([np.inf, -np.inf, 1], np.float32)
    tally.add(real.copy(), real)
    assert tally.difference().largest == 0
    for wrong in ([np.inf, np.inf, 1], [np.inf, -np.inf, np.nan], [1, 2]):
        tally = Tally(None)
        tally.add(np.array(wrong, np.float32), real)
        found = tally.difference()
        assert found.largest == np.inf and found.parted
        assert found.to_json()["largest"] is None


def test_zeros_that_should_not_be():
    tally = Tally(None)
    tally.add(np.array([1e-9]), np.zeros(1, np.float32))
    assert tally.difference().relative == np.inf
