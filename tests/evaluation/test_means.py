import pytest

from advkeras.evaluation import Mean


def test_the_interval_by_hand():
    """Mean 2, deviation 1, t(2 degrees, 97.5 %) = 4.302653."""
    mean = Mean.of([1, 2, 3])
    assert (mean.value, mean.deviation, mean.n) == (2.0, 1.0, 3)
    half = 4.302653 / 3**0.5
    assert mean.interval == pytest.approx((2 - half, 2 + half), abs=1e-6)
    assert mean.to_json()["interval"] == list(mean.interval)


def test_one_value_has_no_interval_and_none_no_mean():
    assert Mean.of([5]).to_json() == {
        "value": 5.0,
        "deviation": None,
        "n": 1,
        "interval": None,
    }
    assert Mean.of([]).value is None
