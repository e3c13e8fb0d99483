"""Comparisons whose answers are known beforehand."""

import json

import numpy as np
import pytest
import scipy.stats

import advkeras as ak
from advkeras.analysis import units
from advkeras.analysis.units import directions as by_parts


def random_features(n=40, dim=6, seed=0):
    return np.random.default_rng(seed).random((n, dim), np.float32)


def detectors(n=300, classes=5, dim=40, seed=0):
    """Units that see some images of one class each, and nothing else.

    Were a unit to see its whole class, images of a class would be one point,
    and a direction would be as pure as a unit.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    images = random.random((n, 4, 4, 1), np.float32)
    features = np.zeros((n, dim), np.float32)
    for unit in range(dim):
        own = np.flatnonzero(labels == unit % classes)
        seen = random.choice(own, 9, replace=False)
        features[seen, unit] = random.uniform(0.5, 1, 9)
    return features, labels, images


def test_parts_make_no_difference(monkeypatch):
    features, labels, images = detectors()
    directions = units.random_directions(40, 9)
    whole = units.top_images(features, directions)
    comparison = units.compare(features, labels, images)
    monkeypatch.setattr(by_parts, "_AT_A_TIME", 700)
    np.testing.assert_array_equal(units.top_images(features, directions), whole)
    parts = units.compare(features, labels, images)
    assert json.dumps(parts.to_json()) == json.dumps(comparison.to_json())


def test_class_detectors_are_purer_than_directions():
    features, labels, images = detectors()
    found = units.compare(features, labels, images)
    np.testing.assert_array_equal(found.of_units.purity, 1)
    np.testing.assert_array_equal(found.of_units.entropy, 0)
    effect = found.effects["purity"]
    assert effect.means[0] == 1 > 0.7 > effect.means[1]
    assert effect.delta > 0.9
    assert effect.p < 1e-9
    assert found.effects["entropy"].delta < -0.9
    # The pixels are noise, whatever the class.
    assert abs(found.effects["similarity"].delta) < 0.3
    assert found.effects["similarity"].p > 0.01


def test_units_turned_at_random_are_like_directions():
    """The same space, seen along no axis in particular."""
    features, labels, images = detectors(n=400, dim=200)
    images[:, 0, 0, 0] += labels
    straight = units.compare(features, labels, images)
    assert straight.effects["purity"].delta > 0.9
    turn = scipy.stats.ortho_group(200, seed=2).rvs()
    turned = units.compare(features @ turn, labels, images)
    for effect in turned.effects.values():
        assert abs(effect.delta) < 0.15
        assert effect.p > 0.01


def test_dead_units_are_counted_and_left_out():
    features, labels, images = detectors()
    dead = np.concatenate(
        [features[:, :4], np.full((300, 3), 0.7), features[:, 4:]], axis=1
    )
    found = units.compare(dead, labels, images)
    assert (found.dimension, found.dead, len(found.units)) == (43, 3, 40)
    assert not set(found.units) & {4, 5, 6}
    np.testing.assert_array_equal(found.of_units.purity, 1)


def test_ties_at_the_last_image_are_counted():
    features = random_features(10, 3)
    features[:, 1] = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    labels, images = np.arange(10) % 2, np.eye(10)
    for k, tied in ((2, 1), (3, 0), (4, 1)):
        assert units.compare(features, labels, images, k=k).tied == tied


def test_chance_is_what_random_images_have():
    """Two of 10 even classes agree in 1 of 10 pairs, or nearly so."""
    features = random_features(1000, 400)
    labels = np.arange(1000) % 10
    found = units.compare(features, labels, np.eye(1000), k=2)
    assert found.of_chance.purity.mean() == pytest.approx(0.55, abs=0.03)
    assert len(set(found.of_chance.indices[:, 0])) > 200
    assert (
        found.of_chance.indices[:, 0] != found.of_chance.indices[:, 1]
    ).all()


def test_some_units_are_drawn():
    features, labels, images = detectors()
    found = units.compare(features, labels, images, count=4, seed=1)
    assert len(found.units) == len(found.of_units) == len(found.of_directions)
    assert len(found.units) == 4
    assert (np.diff(found.units) > 0).all()
    np.testing.assert_array_equal(
        found.of_units.indices, units.top_images(features)[found.units]
    )
    everything = units.compare(features, labels, images, count=99)
    assert len(everything.units) == 40


def test_the_seed_decides():
    features, labels, images = detectors()
    one, same, other = (
        units.compare(features, labels, images, seed=seed).to_json()
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one["directions"] != other["directions"]
    # Of all units, whatever the seed.
    assert one["effects"]["purity"]["means"][0] == 1
    assert other["effects"]["purity"]["means"][0] == 1


def test_scale_and_offset_of_all_features_change_nothing():
    """Directions of the centred space are those of the space."""
    features, labels, images = detectors()
    found = units.compare(features, labels, images)
    moved = units.compare(2 * (features - 0.25), labels, images)
    for name in ("of_units", "of_directions"):
        np.testing.assert_array_equal(
            getattr(found, name).purity, getattr(moved, name).purity
        )


def test_standardised_is_what_it_says():
    features, labels, images = detectors()
    scales = np.geomspace(0.1, 10, 40, dtype=np.float32)
    scaled = np.insert(features * scales, 5, 3.0, axis=1)  # and a dead one
    given = {"labels": labels, "images": images}
    plain = units.compare(scaled, **given)
    found = units.compare(scaled, **given, standardised=True)
    by_hand = np.insert(features / features.std(axis=0), 5, 3.0, axis=1)
    expected = units.compare(by_hand, **given)
    np.testing.assert_array_equal(
        found.of_directions.purity, expected.of_directions.purity
    )
    np.testing.assert_array_equal(found.of_units.purity, plain.of_units.purity)
    # Unlike scales make a direction that of a few units.
    assert plain.of_directions.purity.mean() > (
        found.of_directions.purity.mean() + 0.1
    )
    assert (plain.standardised, found.standardised) == (False, True)


def test_json_has_some_rows():
    features, labels, images = detectors()
    found = units.compare(features, labels, images, k=5)
    values = json.loads(json.dumps(found.to_json(rows=3)))
    assert (values["n"], values["k"], values["compared"]) == (300, 5, 40)
    assert len(values["units"]) == len(values["directions"]) == 3
    row = values["units"][0]
    assert row["images"] == found.of_units.indices[row["unit"]].tolist()
    assert row["purity"] == 1
    assert values["chance"] == found.of_chance.means()
    assert len(found.to_json(rows=50)["units"]) == 40


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 1}, "`k` must be 2 .. 299"),
        ({"k": 300}, "`k` must be 2 .. 299"),
        ({"k": 2.0}, "`k` must be a whole"),
        ({"count": 0}, "`count` must be"),
        ({"count": 1}, "`count` must be at least 2"),
        ({"features": np.zeros((300, 5))}, "`features` must have at least 2"),
        ({"features": np.full((300, 5), np.nan)}, "`features` must be finite"),
        ({"features": np.zeros(300)}, "`features` must be finite numbers, sh"),
        ({"features": np.zeros((300, 0))}, "`features` must be finite"),
        ({"images": np.zeros((299, 2))}, "one row for each of 299 images"),
        ({"labels": np.zeros(299, int)}, "`labels` must have one row for"),
    ],
)
def test_bad_input(change, message):
    features, labels, images = detectors()
    given = {"features": features, "labels": labels, "images": images}
    with pytest.raises(ValueError, match=message):
        units.compare(**{**given, **change})


def test_a_trained_net_is_far_from_chance():
    """Both bases find like images: what the paper saw, for a real net."""
    digits = ak.datasets.load("mnist5k", "test")
    phi = units.features(ak.load("conv-mnist"), digits.images)
    assert phi.shape == (len(digits), 64)
    found = units.compare(phi, digits.labels, digits.images)
    for sets in (found.of_units, found.of_directions):
        assert sets.purity.mean() > found.of_chance.purity.mean() + 0.2
        assert sets.similarity.mean() > found.of_chance.similarity.mean() + 0.1
        assert sets.entropy.mean() < found.of_chance.entropy.mean() - 0.2
