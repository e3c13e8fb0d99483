import numpy as np
import pytest

from advkeras.evaluation import Rate


def test_counts_a_mask():
    rate = Rate.of(np.array([True, False, True, True]))
    assert (rate.count, rate.n, rate.value) == (3, 4, 0.75)
    assert str(rate) == "75.0%"


def test_wilson_interval_by_hand():
    """z = 1.95996, p = 0.5, n = 100: centre 0.5, half width 0.0962."""
    low, high = Rate(50, 100).interval
    z = 1.959964
    half = z * np.sqrt(0.25 / 100 + z**2 / (4 * 100**2)) / (1 + z**2 / 100)
    assert low == pytest.approx(0.5 - half, abs=1e-6)
    assert high == pytest.approx(0.5 + half, abs=1e-6)


def test_extremes_have_an_interval_too():
    low, high = Rate(256, 256).interval
    assert 0.98 < low < 1
    assert high == 1


def test_of_nothing():
    rate = Rate.of(np.array([], bool))
    assert rate.value is None
    assert rate.interval is None
    assert str(rate) == "-"
    assert rate.to_json() == {
        "count": 0,
        "n": 0,
        "value": None,
        "interval": None,
    }
