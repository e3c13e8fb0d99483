"""Bases that are special by construction, and bases that are not."""

import json

import numpy as np
import pytest
import scipy.stats

from advkeras.analysis import units
from advkeras.analysis.units.bases import BasisTest
from advkeras.analysis.units.bases import basis_test
from tests.analysis.units.test_comparison import detectors


def test_detectors_are_better_than_any_random_basis():
    features, labels, images = detectors()
    found = basis_test(features, labels, images, bases=39)
    assert found.natural["purity"] == 1
    assert len(found.random["purity"]) == 39
    assert max(found.random["purity"]) < 1
    # The smallest that 39 bases can show.
    assert found.p("purity") == found.p("entropy") == pytest.approx(2 / 40)
    assert found.p("similarity") > 0.05


def test_a_basis_turned_at_random_is_one_of_them():
    """Of 19 turns, p is below 0.2 about as often as chance has it."""
    features, labels, images = detectors(n=100, dim=10)
    turns = scipy.stats.ortho_group(10, seed=0)
    found = [
        basis_test(features @ turns.rvs(), labels, images, bases=19, seed=i)
        for i in range(19)
    ]
    values = [one.p("purity") for one in found]
    # Binomial of 19 at 0.2: more than 9 are seen twice in 1000.
    assert sum(p <= 0.2 for p in values) <= 9
    assert max(values) > 0.5


def test_p_by_hand():
    """4 bases: one is higher, three are lower; 2 (1 + 1) / 5."""
    test = BasisTest(2, 8, {"purity": 0.5}, {"purity": (0.6, 0.1, 0.2, 0.4)})
    assert test.p("purity") == pytest.approx(0.8)
    for natural, p in ((0.05, 0.4), (0.7, 0.4), (0.3, 1.0)):
        test = BasisTest(2, 8, {"purity": natural}, test.random)
        assert test.p("purity") == pytest.approx(p)
    same = BasisTest(2, 8, {"purity": 0.5}, {"purity": (0.5,) * 99})
    assert same.p("purity") == 1


def test_the_natural_means_are_those_of_compare():
    features, labels, images = detectors(dim=4)
    features[:, 1] = 0
    found = basis_test(features, labels, images, k=5, bases=3)
    compared = units.compare(features, labels, images, k=5)
    assert found.natural == compared.of_units.means()
    assert found.dimension == 3


def test_standardised_is_what_it_says():
    features, labels, images = detectors(n=60, dim=6)
    scaled = features * [1, 1, 1, 1, 1, 30]
    found = basis_test(scaled, labels, images, bases=5, standardised=True)
    by_hand = features / features.std(axis=0)
    expected = basis_test(by_hand, labels, images, bases=5)
    assert found.random == expected.random
    plain = basis_test(scaled, labels, images, bases=5)
    assert plain.random != found.random
    assert plain.natural == found.natural


def test_the_seed_decides():
    features, labels, images = detectors(n=60)
    one, same, other = (
        basis_test(features, labels, images, bases=3, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one.random != other.random
    assert one.natural == other.natural


def test_json():
    features, labels, images = detectors(n=60)
    found = basis_test(features, labels, images, bases=3)
    values = json.loads(json.dumps(found.to_json()))
    purity = values["measures"]["purity"]
    assert purity["natural"] == found.natural["purity"]
    assert purity["random"] == list(found.random["purity"])
    assert purity["p"] == found.p("purity")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bases": 0}, "`bases` must be"),
        ({"k": 1}, "`k` must be 2"),
        ({"features": np.zeros((60, 3))}, "`features` must have at least 2"),
        ({"labels": np.zeros(3, int)}, "`labels` must have one row for each"),
    ],
)
def test_bad_input(change, message):
    features, labels, images = detectors(n=60)
    given = {"features": features, "labels": labels, "images": images}
    with pytest.raises(ValueError, match=message):
        basis_test(**{**given, **change})
