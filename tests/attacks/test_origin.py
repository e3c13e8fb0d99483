"""A result knows what it is of, and what it is not of is refused."""

import dataclasses

import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult
from advkeras.attacks import origin
from tests.attacks.linear import grey
from tests.attacks.linear import linear

LABELS = [0, 1, 2, 0]


@pytest.fixture
def model():
    return linear(classes=3)[0]


@pytest.fixture
def found(model):
    return ak.attacks.PGD(0.1)(model, grey(4), LABELS, seed=3)


def stored(result, folder):
    result.save(folder / "result.npz")
    return AttackResult.load(folder / "result.npz")


def test_a_result_says_what_it_is_of(found, model, tmp_path):
    for one in (found, stored(found, tmp_path)):
        assert one.model == model.fingerprint()
        assert one.attack == repr(ak.attacks.PGD(0.1))
        assert one.seed == 3 and type(one.seed) is int


def test_files_of_older_versions_do_not_know(found, tmp_path):
    stored(found, tmp_path)
    with np.load(tmp_path / "result.npz") as held:
        arrays = dict(held)
    for name in ("model", "attack", "seed"):
        del arrays[name]
    np.savez(tmp_path / "old.npz", **arrays)
    old = AttackResult.load(tmp_path / "old.npz")
    assert old.model is old.attack is old.seed is None
    np.testing.assert_array_equal(old.images, found.images)
    # What is known of it is compared all the same.
    assert origin.differences(old, images=grey(4), labels=LABELS, seed=7) == []
    assert origin.differences(old, images=grey(3)) == ["other images"]


def test_the_evasive_attack_is_of_its_reference():
    def attack(model):
        return ak.attacks.Evasive(0.1, reference=model).described()

    one, other = linear(classes=3)[0], linear(classes=3)[0]
    other.model.set_weights([-w for w in one.model.get_weights()])
    assert attack(one) == attack(linear(classes=3)[0]) != attack(other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"images": grey(4) + np.float32(0.01)}, "other images"),
        ({"images": grey(3)}, "other images"),
        ({"labels": [0, 1, 2, 1]}, "other labels"),
        ({"labels": np.eye(3)[LABELS]}, None),
        ({"attack": ak.attacks.PGD(0.2)}, "another attack, PGD(epsilon=0.1"),
        ({"attack": ak.attacks.FGSM(0.1)}, "another attack, PGD(epsilon=0.1"),
        ({"seed": 4}, "another seed, 3"),
        ({"classifier": linear(classes=3)[0]}, None),
        ({"classifier": linear(classes=4)[0]}, "another model"),
    ],
)
def test_what_differs_is_listed(found, model, change, said):
    asked = {
        "images": grey(4),
        "labels": LABELS,
        "attack": ak.attacks.PGD(0.1),
        "classifier": model,
        "seed": 3,
    }
    listed = origin.differences(found, **(asked | change))
    assert len(listed) == (said is not None)
    assert said is None or listed[0].startswith(said)


def test_weights_that_changed_since(found, model):
    assert origin.differences(found, classifier=model) == []
    weights = model.model.get_weights()
    model.model.set_weights([w + np.float32(1e-7) for w in weights])
    (said,) = origin.differences(found, classifier=model)
    assert said.startswith("another model")
    model.model.set_weights(weights)
    assert origin.differences(found, classifier=model) == []


def test_images_as_a_quantised_model_rounds_them():
    model = ak.Classifier(linear(classes=3)[0].model, levels=5)
    images = grey(4)
    found = ak.attacks.FGSM(0.5)(model, images, LABELS)
    assert not np.array_equal(found.originals, images)
    assert origin.differences(found, images=images, classifier=model) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bounds": (0.0, 2.0)}, "bounds: (0.0, 1.0), then (0.0, 2.0)"),
        ({"model": "0af1"}, "model: "),
        ({"attack": "FGSM()"}, "attack: PGD(epsilon=0.1"),
        ({"c": np.ones(4)}, "arrays: "),
        ({"targets": np.ones(4, int)}, "arrays: "),
        (
            dict.fromkeys(("images", "originals"), np.zeros((4, 2, 2, 1))),
            "image shape: ",
        ),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_parts_that_are_not_of_one_whole(found, change, said, first):
    other = dataclasses.replace(found, **change)
    parts = [found, other] if first else [other, found]
    with pytest.raises(ValueError, match="`parts` must be of one") as caught:
        AttackResult.concatenate(parts)
    message = str(caught.value)
    assert said.partition(" ")[0] in message and "\n" not in message
    assert "Received: parts[0] and parts[1]" in message
    if first:
        assert said in message


def test_no_parts():
    with pytest.raises(ValueError, match="`parts` must not be empty"):
        AttackResult.concatenate([])


def test_a_whole_knows_what_all_its_parts_know(found):
    other = dataclasses.replace(found, seed=4, attack=None)
    whole = AttackResult.concatenate([found, found])
    assert (whole.model, whole.seed) == (found.model, 3)
    whole = AttackResult.concatenate([found, other])
    assert whole.model == found.model
    assert whole.attack is whole.seed is None
    assert len(whole) == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": grey(4)[::-1]}, "of other images"),
        ({"labels": [0, 1, 2, 1]}, "of other labels"),
        ({"attack": ak.attacks.PGD(0.2)}, "of another attack"),
        ({"models": {"a": linear(classes=3, seed=1)[0]}}, "of another model"),
        ({"models": {"b": linear(classes=3)[0]}}, "`results` must be one of"),
    ],
)
def test_a_matrix_of_other_results(found, model, change, said):
    asked = {
        "models": {"a": model},
        "attack": ak.attacks.PGD(0.1),
        "images": grey(4),
        "labels": LABELS,
        "results": {"a": found},
    }
    matrix = ak.evaluation.transfer_matrix(**asked)
    assert matrix.rows[0].distortion <= 0.1 + 1e-6
    with pytest.raises(ValueError) as caught:
        ak.evaluation.transfer_matrix(**(asked | change))
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [{"model": "0af1"}, {"bounds": (0.0, 2.0)}])
def test_robustness_of_two_models(found, change):
    other = dataclasses.replace(found, **change)
    unknown = dataclasses.replace(found, model=None)
    ak.evaluation.robustness({("pgd", 0.1): found, ("fgsm", 0.1): unknown})
    with pytest.raises(ValueError, match="than the first"):
        ak.evaluation.robustness({("pgd", 0.1): found, ("fgsm", 0.1): other})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "0af1"}, "another model"),
        ({"bounds": (0.0, 2.0)}, "other bounds"),
    ],
)
def test_survival_of_another_model_s_results(
    found, model, tmp_path, change, said
):
    variants = ak.edge.export(model, tmp_path, "float32")
    other = dataclasses.replace(found, **change)
    ak.edge.survival(found, variants, ("litert",), source=model)
    for results in ({"a": other}, {"a": found, "b": other}):
        with pytest.raises(ValueError, match="`results` must be of") as caught:
            ak.edge.survival(results, variants, ("litert",), source=model)
        assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "0af1"}, "another model"),
        ({"labels": np.array([1, 1, 1, 1])}, "other labels"),
        ({"originals": grey(4, seed=9)}, "other images"),
        ({"attack": "FGSM()"}, "another attack"),
    ],
)
def test_a_white_box_beside_another_attack(
    found, model, tmp_path, change, said
):
    file = ak.edge.export(model, tmp_path, "float32")["float32"]
    copy = ak.edge.TfliteClassifier(file)
    own = ak.attacks.PGD(0.1)(copy, grey(4), LABELS)
    asked = ("float32", copy, "pgd", own)
    ak.edge.white_box(*asked, found, model)
    other = dataclasses.replace(found, **change)
    with pytest.raises(ValueError, match="`transferred` must") as caught:
        ak.edge.white_box(*asked, other, model)
    assert said in str(caught.value)
    with pytest.raises(ValueError, match="`own` must be of"):
        ak.edge.white_box("float32", copy, "pgd", found, found, model)
