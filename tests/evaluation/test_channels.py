"""What is measured within bounds of each channel is what is without."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import norms
from advkeras.attacks import seeds
from tests import normalised


@pytest.fixture
def fooled(pair):
    """FGSM on the plain net."""
    attack = ak.attacks.FGSM(0.1)
    return attack(pair.plain, pair.images, pair.labels)


def test_distortion_of_each_channel_by_its_range(pair):
    r = np.zeros((1, 2, 2, 3))
    r[0, 0, 0] = np.ptp(normalised.BOUNDS, axis=0) / 2
    (found,) = norms.distortion(r, pair.normalised.bounds)
    np.testing.assert_allclose(found, np.sqrt((3 / 4) / 12))


@pytest.mark.parametrize("clip", [True, False])
def test_noise(pair, clip):
    ours = ak.evaluation.gaussian_noise(pair.images, 0.2, clip=clip)
    theirs = ak.evaluation.gaussian_noise(
        pair.theirs, 0.2, normalised.BOUNDS, clip=clip
    )
    assert theirs.dtype == np.float32
    np.testing.assert_allclose(normalised.back(theirs), ours, atol=1e-6)


def test_amplified(pair, fooled):
    ours = ak.evaluation.amplify(pair.images, fooled.images, 0.2)
    theirs = ak.evaluation.amplify(
        pair.theirs,
        normalised.there(fooled.images),
        0.2,
        pair.normalised.bounds,
    )
    np.testing.assert_allclose(normalised.back(theirs), ours, atol=1e-5)


def test_trust(pair, monkeypatch):
    monkeypatch.setattr(
        seeds,
        "generator",
        lambda image, seed, restart=0: np.random.default_rng([seed, restart]),
    )
    ours = ak.evaluation.trust(pair.plain, pair.images, pair.labels)
    theirs = ak.evaluation.trust(pair.normalised, pair.theirs, pair.labels)
    for one, other in zip(ours.checks, theirs.checks, strict=True):
        assert (one.name, one.holds) == (other.name, other.holds)
        if "pictures can have" in one.name:
            assert "(0.4367, 0.4464, 0.4444) on pixels (-2.1" in other.found
            assert "is 25.5 grey levels" in other.found
        else:
            assert one.found == other.found
    of_one = ak.evaluation.trust(
        pair.normalised, pair.theirs, pair.labels, epsilon=0.4, examples=8
    )
    assert len(of_one.checks) == len(ours.checks)
    with pytest.raises(ValueError, match=r"^`epsilon` must be one number, or"):
        ak.evaluation.trust(
            pair.normalised, pair.theirs, pair.labels, epsilon=(0.4, 0.4)
        )


def test_what_would_help_a_model_that_is_shown_other_channels(pair):
    """Each has the bounds of its place, as pictures have before."""
    turned = normalised.there(pair.images[..., ::-1])
    ours = ak.evaluation.clean_accuracy(
        pair.plain, 1 - pair.images, pair.labels
    )
    theirs = ak.evaluation.clean_accuracy(
        pair.normalised, normalised.there(1 - pair.images), pair.labels
    )
    assert theirs.right == ours.right
    both = set(ours.tried) & set(theirs.tried)
    assert {"black for white", "channels reversed"} <= both
    assert {what: theirs.tried[what] for what in both} == {
        what: ours.tried[what] for what in both
    }
    assert ak.evaluation.clean_accuracy(
        pair.normalised, turned, pair.labels
    ).right == (
        ak.evaluation.clean_accuracy(
            pair.plain, pair.images[..., ::-1], pair.labels
        ).right
    )


def test_transfer(pair):
    attack = ak.attacks.FGSM(pair.normalised.epsilon(0.1))
    twin = ak.Classifier(pair.normalised.model, normalised.BOUNDS)
    found = ak.evaluation.transfer_matrix(
        {"a": pair.normalised, "b": twin}, attack, pair.theirs, pair.labels
    )
    plain = ak.evaluation.transfer_matrix(
        {"a": pair.plain, "b": pair.plain},
        ak.attacks.FGSM(0.1),
        pair.images,
        pair.labels,
    )
    for ours, theirs in zip(plain.rows, found.rows, strict=True):
        assert theirs.name == ours.name
        assert theirs.distortion == pytest.approx(ours.distortion, abs=1e-6)
        assert theirs.error["a"] == theirs.error["b"]
        assert abs(theirs.error["a"].count - ours.error["a"].count) <= 1
    with pytest.raises(ValueError, match=r"^`models` must share image shape"):
        ak.evaluation.transfer_matrix(
            {"a": pair.normalised, "b": pair.plain},
            attack,
            pair.theirs,
            pair.labels,
        )
