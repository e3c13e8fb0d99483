"""Effects against pairs counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras.analysis.units.effects import two_samples

# Few values, so that there are ties.
SAMPLES = st.lists(st.integers(0, 4), min_size=2, max_size=9)


def test_by_hand():
    """Pairs: 2 > 1, 2 = 2, 4 > 1, 4 > 2; 3.5 of 4 for the first."""
    effect = two_samples([2, 4], [1, 2])
    assert (effect.u, effect.delta) == (3.5, 0.75)
    assert effect.means == (3.0, 1.5)
    assert effect.medians == (3.0, 1.5)
    assert effect.sizes == (2, 2)


def test_p_of_small_samples_is_exact():
    """Of the C(6, 3) = 20 orders, 2 are as far apart as these."""
    effect = two_samples([4, 5, 6], [1, 2, 3])
    assert effect.p == pytest.approx(0.1)
    assert effect.delta == 1
    assert effect.interval == (1, 1)


@given(SAMPLES, SAMPLES)
def test_every_pair_is_counted(first, second):
    effect = two_samples(first, second, resamples=2)
    signs = np.sign(np.subtract.outer(first, second))
    assert effect.delta == pytest.approx(signs.mean())
    other = two_samples(second, first, resamples=2)
    assert other.delta == pytest.approx(-effect.delta)
    assert other.p == pytest.approx(effect.p)
    assert 0 <= effect.p <= 1


def test_no_difference_at_all():
    effect = two_samples([1.0] * 20, [1.0] * 30)
    assert (effect.delta, effect.p, effect.interval) == (0, 1, (0, 0))


def test_the_interval_holds_what_it_says():
    """Of normal samples 1 apart, delta is 2 Phi(1 / sqrt 2) - 1 = 0.5205."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        effect = two_samples(
            random.normal(1, 1, 40),
            random.normal(0, 1, 50),
            resamples=150,
            seed=random,
        )
        held += effect.interval[0] <= 0.5205 <= effect.interval[1]
    # Of 60 at 95 %, fewer than 51 are seen once in 1000.
    assert held >= 51


def test_the_seed_decides():
    random = np.random.default_rng(0)
    samples = random.random(20), random.random(20)
    assert two_samples(*samples, seed=1) == two_samples(*samples, seed=1)
    one, other = (two_samples(*samples, seed=seed) for seed in (1, 2))
    assert one.interval != other.interval
    assert one.delta == other.delta


def test_json():
    effect = two_samples([1, 2], [3, 4])
    assert effect.to_json() == {
        "sizes": [2, 2],
        "means": [1.5, 3.5],
        "medians": [1.5, 3.5],
        "u": 0.0,
        "p": effect.p,
        "delta": -1.0,
        "interval": [-1.0, -1.0],
    }


@pytest.mark.parametrize("bad", [[1], [1, np.nan], [[1, 2], [3, 4]], []])
def test_bad_input(bad):
    with pytest.raises(ValueError, match="`first` must be"):
        two_samples(bad, [1, 2])
    with pytest.raises(ValueError, match="`second` must be"):
        two_samples([1, 2], bad)
