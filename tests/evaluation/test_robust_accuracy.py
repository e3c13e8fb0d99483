"""Robust accuracy as a curve: exact on linear models, never rising."""

import json

import keras
import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
def test_of_a_linear_model_it_is_the_exact_curve(norm, dual):
    classifier, kernel, _ = linear()
    images = grey(24)
    labels = classifier.predict(images)
    labels[:3] = 1 - labels[:3]  # what the model misreads is not robust
    z = np.asarray(classifier.logits(images))
    far = np.abs(z[:, 1] - z[:, 0]) / np.linalg.norm(
        kernel[:, 1] - kernel[:, 0], dual
    )
    far[:3] = 0
    middles = np.sort(far)
    epsilons = [float((middles[i] + middles[i + 1]) / 2) for i in (20, 5, 12)]

    found = ak.evaluation.robust_accuracy(
        classifier, images, labels, epsilons, norm
    )
    assert found.epsilons == tuple(sorted(epsilons))
    assert [rate.count for rate in found.rates] == [18, 11, 3]
    assert {rate.n for rate in found.rates} == {24}
    assert found.curves[0].clean.count == 21
    assert found.curves[0].norm == norm
    assert found.spread == tuple(2 * (rate.value,) for rate in found.rates)
    values = json.loads(json.dumps(found.to_json()))
    again = ak.evaluation.Robustness.from_json(values["curves"][0])
    assert again == found.curves[0]


def test_each_seed_is_a_curve_of_its_own(monkeypatch):
    """A stand-in whose success is drawn: spread is shown, not the best."""
    classifier, images = linear()[0], grey(40)
    labels = classifier.predict(images)

    def drawn(self, classifier, images, labels, batch_size, seed):
        kept = np.random.default_rng(seed).random(len(images)) < 0.5
        far = ak.attacks.PGD(self.epsilon)(classifier, images, labels).images
        found = np.where(kept.reshape(-1, 1, 1, 1), images, far)
        return ak.attacks.AttackResult(
            *(images, found, labels, None, labels),
            *(classifier.predict(found), ~kept, (0.0, 1.0)),
        )

    def nothing(self, classifier, images, labels, batch_size):
        return drawn(self, classifier, images, labels, None, 0)

    monkeypatch.setattr(ak.attacks.Ensemble, "__call__", drawn)
    monkeypatch.setattr(ak.attacks.FMN, "epsilon", 1e-4, raising=False)
    monkeypatch.setattr(ak.attacks.FMN, "__call__", nothing)
    found = ak.evaluation.robust_accuracy(
        classifier, images, labels, [0.3], seeds=(0, 1, 2)
    )
    counts = [curve.together[0].count for curve in found.curves]
    assert len(set(counts)) > 1
    assert found.rates[0].count == counts[0]
    assert found.spread == ((min(counts) / 40, max(counts) / 40),)


def test_bounds_of_one_a_channel_are_the_same_curve():
    plain, images = linear()[0], grey(12)
    labels = plain.predict(images)
    wide = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Rescaling(1 / 256, 0.5),
            *plain.model.layers,
        ]
    )
    one, two = (
        ak.evaluation.robust_accuracy(*of, labels, [0.01, 0.05])
        for of in (
            (plain, images),
            (ak.Classifier(wide, ((-128.0,), (128.0,))), 256 * images - 128),
        )
    )
    assert two.rates == one.rates
    assert 0 < one.rates[0].count < 12


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epsilons": []}, r"`epsilons` must have one.*\[\]"),
        ({"epsilons": [0.1, 0]}, r"`epsilons`.*0"),
        ({"epsilons": [8]}, r"`epsilons`.*8"),
        ({"norm": "l1"}, r"`norm`.*'l1'"),
        ({"seeds": ()}, r"`seeds` must have one.*\(\)"),
        ({"labels": None}, r"`labels` must be the true.*None"),
    ],
)
def test_bad_input_is_said_before_any_work(changed, message, monkeypatch):
    monkeypatch.setattr(ak.attacks.FMN, "generate", None)
    given = {"labels": np.zeros(2, int), "epsilons": [0.1]} | changed
    with pytest.raises(ValueError, match=message):
        ak.evaluation.robust_accuracy(linear()[0], grey(2), **given)
