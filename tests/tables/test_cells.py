"""Figures are written as they should be in every table."""

import copy
import math
import pickle

import pytest

import advkeras as ak
from advkeras import tables


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
        # Near either end an interval has a decimal: 11 of 1000, +- 0.6 %.
        (11, 1000, "1.1 (0.6-2.0)"),
        (989, 1000, "98.9 (98.0-99.4)"),
    ],
)
def test_a_cell_is_a_rate_with_its_interval(count, n, expected):
    assert tables.cell(ak.evaluation.Rate(count, n).to_json()) == expected


def test_a_cell_knows_the_figure_that_is_not_rounded():
    found = ak.evaluation.Rate(1, 3)
    made = tables.rate(found)
    assert made.value == pytest.approx(100 / 3, abs=1e-12)
    low, high = made.interval
    assert low == 100 * found.interval[0]
    assert high == 100 * found.interval[1]


def test_no_rate_is_no_figure():
    for made in (tables.rate(None), tables.rate(ak.evaluation.Rate(0, 0))):
        assert made == "-"
        assert made.value is None
        assert made.interval is None


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0, 3, "0"),
        (1 / 3, 3, "0.333"),
        (-1 / 3, 2, "-0.33"),
        (999.9, 3, "1,000"),
        (99_999, 3, "99,999"),
        (-1_234_567, 3, "-1,234,567"),
        (1e7, 3, "1e+07"),
        (1.234e-12, 3, "1.23e-12"),
        (math.inf, 3, "inf"),
        (math.nan, 3, "nan"),
    ],
)
def test_a_number_of_so_many_digits(value, digits, expected):
    made = tables.number(value, digits)
    assert made == expected
    assert made.value is value


def test_copies_of_a_cell_know_its_figure():
    made = tables.rate(ak.evaluation.Rate(1, 3))
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (again, again.value, again.interval) == (
            made,
            made.value,
            made.interval,
        )
