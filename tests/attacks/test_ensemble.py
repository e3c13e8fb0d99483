"""The ensemble: never worse than a member, and cheaper than all of them."""

import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear
from tests.attacks.test_pgd import net


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_never_worse_than_a_member(norm):
    classifier, images = net(), grey(60, spread=0.5)
    labels = np.concatenate(
        [classifier.predict(images[:50]), np.arange(10) % 3]
    )
    epsilon = 0.15 if norm == "l2" else 0.04
    ensemble = ak.attacks.Ensemble(epsilon, norm, steps=8, queries=20)
    found = ensemble(classifier, images, labels, seed=5)
    assert 10 < found.success.sum() < 50
    clean = found.clean_predictions != labels
    assert ((found.member == "clean") == clean).all() and clean.any()
    assert ((found.member == "none") == ~found.success).all()
    members = ensemble.members(3)
    assert ("square" in members) == (norm == "linf")
    standing, used, asked = ~clean, 0, 0
    for name, member in members.items():
        alone = member(classifier, images, labels, seed=5)
        success = alone.success & (getattr(alone, norm) <= epsilon * 1.00001)
        assert (success == alone.success).all() == (name != "fmn")
        assert (found.success >= success).all()
        assert ((found.member == name) == (standing & success)).all()
        mine = found.member == name
        np.testing.assert_allclose(
            found.images[mine], alone.images[mine], atol=1e-6
        )
        used += standing * alone.gradient_evaluations
        if alone.queries is not None:
            asked += standing * alone.queries
        standing &= ~success
    assert (found.gradient_evaluations == used).all()
    assert (found.queries == asked).all()


@pytest.mark.parametrize("targeted", [False, True])
def test_linear_linf_succeeds_exactly_where_that_is_possible(targeted):
    classifier, kernel, _ = linear(classes=2)
    images = grey(30)
    labels = classifier.predict(images)
    z = np.asarray(classifier.logits(images))
    needed = np.abs(z[:, 1] - z[:, 0])
    needed /= np.abs(kernel[:, 1] - kernel[:, 0]).sum()
    epsilon = np.sort(needed)[14:16].mean()
    attack = ak.attacks.Ensemble(epsilon, steps=8, queries=5)
    found = attack(classifier, images, labels, 1 - labels if targeted else None)
    assert found.success.tolist() == (needed < epsilon).tolist()
    assert set(found.member) == {"apgd", "none"}
    assert (found.linf <= epsilon + 1e-6).all()


def test_classes_decide_on_the_loss():
    losses = [
        ak.attacks.Ensemble(0.1).members(classes)["apgd-every"].loss
        for classes in (2, 3, 4)
    ]
    assert losses == ["ce", "ce", "dlr"]


def test_what_broke_an_image_is_kept_in_the_file(tmp_path):
    classifier, images = net(), grey(20, spread=0.5)
    attack = ak.attacks.Ensemble(0.05, steps=8, queries=5)
    parts = [attack(classifier, some) for some in (images[:12], images[12:])]
    found = ak.attacks.AttackResult.concatenate(parts)
    found.save(tmp_path / "found.npz")
    read = ak.attacks.AttackResult.load(tmp_path / "found.npz")
    assert read.member.tolist() == found.member.tolist()
    assert "apgd" in read.member
    assert read.fingerprint() == found.fingerprint()


def test_training_is_on_all_steps():
    classifier, images = linear(classes=2)[0], grey(4)
    labels = classifier.predict(images)
    attack = ak.attacks.Ensemble(0.3, steps=4)
    made = attack.on_tensors(classifier, images, labels, np.array([0, 0]))
    best = ak.attacks.FGSM(0.3)(classifier, images, labels).images
    np.testing.assert_allclose(made, best, atol=1e-6)
    assert attack.leaves_graph()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 0}, "epsilon=0"),
        ({"norm": "l1"}, "norm='l1'"),
        ({"steps": 0}, "steps=0"),
        ({"queries": 0}, "queries=0"),
        ({"targets": "all"}, "targets='all'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        ak.attacks.Ensemble(**{"epsilon": 0.1, **arguments})
