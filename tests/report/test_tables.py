"""Figures are written as they should be in every table."""

import pytest

import advkeras as ak
from advkeras.report import tables


@pytest.mark.parametrize(
    ("count", "n", "expected"),
    [
        # Wilson: p = 0.25, n = 12, z^2 / n = 0.3201. Centre (0.25 + 0.1601) /
        # 1.3201 = 0.3106; half of the width 1.96 sqrt(0.25 * 0.75 / 12 +
        # 3.8415 / 576) / 1.3201 = 0.2217.
        (3, 12, "25.0 (9-53)"),
        # At 0 of n it is 0 to z^2 / (n + z^2) = 3.8415 / 13.8415.
        (0, 10, "0.0 (0-28)"),
        (10, 10, "100.0 (72-100)"),
        (0, 0, "-"),
    ],
)
def test_a_cell_is_a_rate_with_its_interval(count, n, expected):
    assert tables.cell(ak.evaluation.Rate(count, n).to_json()) == expected
