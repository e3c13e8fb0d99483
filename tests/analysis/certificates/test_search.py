"""The search on functions whose zero is known."""

import numpy as np
import pytest

from advkeras.analysis.certificates import search


@pytest.mark.parametrize("rtol", [0.1, 0.001])
@pytest.mark.parametrize("first", [1e-3, 1.0, 1e3])
def test_largest_comes_within_the_tolerance(first, rtol):
    zeros = np.array([0.01, 0.5, 7.0, 300.0])

    def holds_by(radii, rows):
        return zeros[rows] ** 2 - radii**2

    found = search.largest(holds_by, np.full(4, first), rtol)
    assert (found < zeros).all()
    assert (found >= zeros * (1 - rtol)).all()


def test_largest_is_0_where_nothing_holds():
    def holds_by(radii, rows):
        return np.where(rows == 1, -1.0, 1 - radii)

    found = search.largest(holds_by, np.ones(2), 0.01)
    assert found[1] == 0
    assert 0.99 <= found[0] < 1


def test_largest_returns_only_what_was_tried_and_held():
    # Holds and fails by turns: whatever comes out must hold.
    held = []

    def holds_by(radii, rows):
        by = np.sin(20 * radii) + 0.5
        held.extend(radii[by > 0])
        return by

    found = search.largest(holds_by, np.array([3.0]), 0.01)
    assert found[0] in held
