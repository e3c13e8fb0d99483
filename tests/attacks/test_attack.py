"""What all attacks share: arguments, batches and judgement."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.attacks.attack import Generated
from tests.attacks.linear import grey
from tests.attacks.linear import linear

ATTACKS = [
    ak.attacks.APGD(0.1, steps=4),
    ak.attacks.Ensemble(0.1, steps=4, queries=5),
    ak.attacks.FGSM(0.1),
    ak.attacks.HopSkipJump(queries=60, starts=grey(40, seed=1, spread=0.5)),
    ak.attacks.LBFGS(c_rtol=0.5),
    ak.attacks.PGD(0.1, steps=4),
    ak.attacks.Square(0.1, queries=5),
]
EVERY_ATTACK = pytest.mark.parametrize(
    "attack",
    ATTACKS,
    ids=["apgd", "ensemble", "fgsm", "hopskipjump", "lbfgs", "pgd", "square"],
)


@pytest.fixture(scope="module")
def classifier():
    return linear(classes=3)[0]


@EVERY_ATTACK
def test_labels_of_every_kind_are_one_attack(attack, classifier):
    images, labels = grey(4), np.array([0, 1, 2, 0])
    expected = attack(classifier, images, labels)
    assert expected.labels.dtype == np.int64
    for kind in (np.int32, np.uint8, np.int16, list):
        result = attack(
            classifier,
            images,
            np.array(labels).astype(np.int64 if kind is list else kind),
        )
        np.testing.assert_array_equal(result.images, expected.images)
    column = attack(classifier, images, labels[:, None])
    np.testing.assert_array_equal(column.images, expected.images)
    one_hot = attack(classifier, images, np.eye(3)[labels])
    np.testing.assert_array_equal(one_hot.images, expected.images)


@EVERY_ATTACK
def test_without_labels_the_predictions_are_attacked(attack, classifier):
    images = grey(4)
    result = attack(classifier, images)
    predictions = classifier.predict(images)
    assert result.labels.tolist() == predictions.tolist()
    assert result.clean_predictions.tolist() == predictions.tolist()


@EVERY_ATTACK
def test_success_is_what_the_model_says(attack, classifier):
    images, labels = grey(6, spread=0.4), np.array([0, 1, 2, 0, 1, 2])
    result = attack(classifier, images, labels)
    says = np.argmax(classifier.logits(result.images), axis=1)
    assert result.predictions.tolist() == says.tolist()
    goal = says != labels if result.targets is None else says == result.targets
    assert result.success.tolist() == goal.tolist()


def test_given_targets_go_before_the_rule(classifier):
    images, labels = grey(3), np.array([0, 1, 2])
    result = ak.attacks.LBFGS(targets="random", c_rtol=0.5)(
        classifier, images, labels, targets=[1, 2, 0]
    )
    assert result.targets.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 255 * grey(3)}, r"bounds=\(0, 1\)"),
        ({"images": np.nan * grey(3)}, "finite"),
        ({"images": np.repeat(grey(3), 3, axis=3)}, r"\(3, 4, 4, 3\)"),
        ({"images": grey(3)[0]}, r"\(4, 4, 1\)"),
        ({"labels": [0, 1, 3]}, "labels with 3"),
        ({"labels": [0, 1, -1]}, "labels with -1"),
        ({"labels": [0.0, 1.0, 2.0]}, "float64"),
        ({"labels": [0, 1]}, r"labels.shape=\(2,\)"),
        ({"labels": np.ones((3, 3))}, "one-hot"),
        ({"targets": [0, 1, 7]}, "targets with 7"),
        ({"targets": [1, 1, 0]}, r"targets\[1\]"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 0.5}, "seed=0.5"),
        ({"classifier": "m1"}, "type str"),
    ],
)
@EVERY_ATTACK
def test_bad_input_is_named_before_any_work(
    attack, classifier, changes, message, monkeypatch
):
    def no_work(*args):
        raise AssertionError("work began")

    monkeypatch.setattr(type(attack), "generate", no_work)
    arguments = {
        "classifier": classifier,
        "images": grey(3),
        "labels": [0, 1, 2],
        **changes,
    }
    with pytest.raises(ValueError, match=message) as error:
        attack(**arguments)
    assert "Received: " in str(error.value)
    assert "\n" not in str(error.value)


@EVERY_ATTACK
def test_attacks_are_frozen_and_print_their_settings(attack):
    with pytest.raises(dataclasses.FrozenInstanceError):
        attack.targets = "next"
    for field in dataclasses.fields(attack):
        assert f"{field.name}=" in repr(attack)
    names = {**vars(ak.attacks), "array": np.array, "float32": np.float32}
    assert eval(repr(attack), names) == attack


def test_attacks_by_name_take_the_options_they_have():
    assert ak.attacks.build("fgsm", epsilon=0.2) == ak.attacks.FGSM(0.2)
    assert ak.attacks.build("lbfgs", epsilon=0.2) == ak.attacks.LBFGS()
    assert ak.attacks.build("pgd", epsilon=0.2) == ak.attacks.PGD(0.2)
    assert ak.attacks.names() == (
        "apgd",
        "carlini_wagner",
        "ddn",
        "deepfool",
        "ensemble",
        "evasive",
        "fgsm",
        "fmn",
        "hopskipjump",
        "lbfgs",
        "noise",
        "pgd",
        "square",
    )
    with pytest.raises(ValueError, match="attack='nosuch'"):
        ak.attacks.build("nosuch")


def test_attacks_of_a_flag_with_their_options():
    text = "fgsm,apgd:steps=50,loss=dlr,pgd:step_size=0.5,stop_early=True,pgd"
    choices = ak.attacks.chosen(text.split(","))
    assert [tuple(choice) for choice in choices] == [
        ("fgsm", {}),
        ("apgd", {"steps": 50, "loss": "dlr"}),
        ("pgd", {"step_size": 0.5, "stop_early": True}),
        ("pgd", {}),
    ]
    assert [choice.label for choice in choices] == [
        "fgsm",
        "apgd(steps=50,loss=dlr)",
        "pgd(step_size=0.5,stop_early=True)",
        "pgd",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nosuch:steps=1", r"`attack` must be one of: apgd.*attack='nosuch'$"),
        ("steps=1,pgd", r"names with options.*'steps=1' in attack='steps=1,"),
        ("pgd:", r"names with options.*Received: 'pgd:' in attack='pgd:'$"),
        ("pgd:steps", r"names with options.*Received: 'pgd:steps' in"),
        ("fgsm:steps=2", r"fgsm some of its own.*norm, clip.*steps=2$"),
        ("pgd:epsilon=2", r"pgd some of its own.*restarts.*epsilon=2$"),
        ("pgd:steps=2,steps=3", r"pgd some of its own.*steps=3, twice$"),
        ("pgd:steps=two", r"^attack pgd\(steps=two\): .*steps='two'$"),
        ("pgd,apgd:loss=cw", r"^attack apgd\(loss=cw\): .*loss='cw'$"),
    ],
)
def test_a_flag_that_is_wrong_says_so_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        ak.attacks.chosen(text.split(","))
    assert "\n" not in str(caught.value)


def test_images_given_are_not_written_to(classifier):
    images = grey(3)
    before = images.copy()
    for attack in ATTACKS:
        attack(classifier, images)
    np.testing.assert_array_equal(images, before)


def test_unclipped_images_are_judged_too(classifier):
    result = ak.attacks.FGSM(2.0, clip=False)(classifier, grey(3))
    assert result.images.max() > 1
    assert len(result.predictions) == 3


class Nothing(ak.attacks.Attack):
    """Returns the images as they are, each pixel 0.4 of a level up."""

    def generate(self, classifier, images, labels, targets, batch_size, seed):
        return Generated(images + np.float32(0.4 / 15), labels)


def test_a_model_with_levels_is_shown_levels():
    """What is between them is rounded, before the attack and after."""
    plain = linear(classes=3)[0]
    classifier = ak.Classifier(plain.model, levels=16)
    images = grey(4)
    result = Nothing()(classifier, images)
    steps = 15 * result.originals
    np.testing.assert_allclose(steps, np.rint(15 * images), atol=1e-5)
    assert (result.images == result.originals).all()
    assert (result.predictions == plain.predict(result.images)).all()
    assert (Nothing()(plain, images).originals == images).all()


def test_an_attack_may_judge_by_its_own_goal(classifier):
    class Modest(ak.attacks.FGSM):
        """Claims every second success."""

        def judged(self, result):
            odd = np.arange(len(result)) % 2 == 1
            return dataclasses.replace(result, success=result.success & odd)

    images, labels = grey(6), np.array([0, 1, 2, 0, 1, 2])
    whole = ak.attacks.FGSM(0.5)(classifier, images, labels)
    half = Modest(0.5)(classifier, images, labels)
    assert whole.success.all()
    assert half.success.tolist() == [False, True] * 3


def test_what_the_real_model_says_goes_before_what_the_attack_saw():
    """As of a .tflite file, where the logits are those of its lift."""

    class Inexact(ak.Classifier):
        exact = False

        def predict(self, images, batch_size=256, within_bounds=True):
            return np.full(len(images), 2)

    inexact = Inexact(linear(classes=3)[0].model)
    for attack in ATTACKS:
        result = attack(inexact, grey(3), [0, 0, 2], targets=[1, 2, 1])
        assert result.clean_predictions.tolist() == [2, 2, 2]
        assert result.predictions.tolist() == [2, 2, 2]
        assert result.success.tolist() == [False, True, False]


def test_the_seed_reaches_the_attack(classifier):
    seeds = []

    class Noting(Nothing):
        def generate(self, *arguments):
            seeds.append(arguments[-1])
            return super().generate(*arguments)

    Noting()(classifier, grey(2), seed=7)
    Noting()(classifier, grey(2))
    assert seeds == [7, 0]


def root():
    """Returns a model of absolute values, which have no gradient at 0."""
    keras.utils.set_random_seed(0)
    given = keras.Input((2, 2, 1))
    flat = layers.Flatten()(keras.ops.sqrt(given * given))
    return keras.Model(given, layers.Dense(2)(flat))


@pytest.mark.parametrize("solver", ["batched", "scipy"])
def test_lbfgs_of_a_gradient_that_is_not_finite(solver):
    model, images = root(), np.full((2, 2, 2, 1), 0.5, np.float32)
    images[:, 0, 0] = 0
    lbfgs = ak.attacks.LBFGS(c_rtol=0.5, solver=solver)
    result = lbfgs(model, images, targets=1 - model.predict(images).argmax(1))
    assert result.success.all()


@pytest.mark.parametrize(
    "attack", [ak.attacks.FGSM(0.1), ak.attacks.PGD(0.1, steps=2, norm="l2")]
)
def test_a_gradient_that_is_not_finite(attack):
    """Pixels without one are left, others are moved."""
    images = np.full((3, 2, 2, 1), 0.5, np.float32)
    images[0, 0, 0] = images[1] = 0
    moved = np.abs(attack(root(), images, [0, 0, 0]).perturbation) > 0
    assert moved.sum(axis=(1, 2, 3)).tolist() == [3, 0, 4]
