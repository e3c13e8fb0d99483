"""The evasive attack, where the copy's mistakes are known by hand."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def two_pixels(a, b, offset, levels=None, classes=2):
    """A model of pixels (x, y) that says 1 where ax + by > offset, else 0."""
    model = keras.Sequential(
        [keras.Input((1, 2, 1)), layers.Flatten(), layers.Dense(classes)]
    )
    kernel = np.zeros((2, classes))
    kernel[:, 1] = a, b
    bias = np.full(classes, -100.0)
    bias[:2] = 0, -offset
    model.layers[-1].set_weights([kernel, bias])
    return ak.Classifier(model, levels=levels)


@pytest.fixture(scope="module")
def copy():
    return two_pixels(10, 10, 10)  # 1 where x + y > 1


@pytest.fixture(scope="module")
def reference():
    return two_pixels(10, 0, 6)  # 1 where x > 0.6


def pixels(*pairs):
    return np.array(pairs, np.float32).reshape(-1, 1, 2, 1)


def test_it_finds_where_only_the_copy_is_wrong(copy, reference):
    """Within 0.3 of (0.4, 0.4): x + y > 1, and x < 0.6.

    The smaller of 10 (x + y - 1) and 10 (0.6 - x) is largest at (0.45, 0.7).
    """
    images = pixels((0.4, 0.4))
    attack = ak.attacks.Evasive(0.3, reference=reference)
    result = attack(copy, images, [0])
    assert result.success.tolist() == [True]
    x, y = result.images.ravel()
    assert x + y > 1 and x < 0.6
    assert abs(x - 0.45) < 0.05 and abs(y - 0.7) < 0.01
    # PGD goes where both are wrong.
    both = ak.attacks.PGD(0.3)(copy, images, [0])
    assert both.success.all() and (reference.predict(both.images) == 1).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_success_means_that_both_are_as_they_should(copy, reference, norm):
    random = np.random.default_rng(0)
    images = random.random((60, 1, 2, 1), np.float32)
    labels = random.integers(0, 2, 60)
    attack = ak.attacks.Evasive(0.15, norm, steps=40, reference=reference)
    result = attack(copy, images, labels)
    fooled = copy.predict(result.images) != labels
    right = reference.predict(result.images) == labels
    assert (result.predictions != labels).tolist() == fooled.tolist()
    assert result.success.tolist() == (fooled & right).tolist()
    # Some of each kind, or little was tried.
    assert result.success.any() and (fooled & ~right).any() and (~fooled).any()
    size = {"linf": result.linf, "l2": result.l2}[norm]
    assert (size <= 0.15 + 1e-6).all()


def test_out_of_reach_it_fails(copy, reference):
    """Both wrong already, and right in the reference only 0.2 away."""
    images, labels = pixels((0.8, 0.8), (0.2, 0.2)), [0, 0]
    attack = ak.attacks.Evasive(0.1, reference=reference)
    result = attack(copy, images, labels)
    assert not result.success.any()
    assert result.predictions.tolist() == [1, 0]
    further = ak.attacks.Evasive(0.25, reference=reference)
    assert further(copy, images, labels).success.tolist() == [True, False]


def test_both_models_are_judged_by_the_levels(reference):
    """What counts is what is found, which lies on the copy's levels."""
    copy = two_pixels(10, 10, 10, levels=5)
    attack = ak.attacks.Evasive(0.3, reference=reference)
    climbed = attack.objective(copy, targeted=False)
    # On levels (0.5, 0.75): 2.5 and 1; as they are: 1.5 and 1.9.
    height, met = climbed(tf.constant(pixels((0.41, 0.74))), tf.constant([0]))
    np.testing.assert_allclose(height, [1.0], rtol=1e-5)
    assert met.numpy().tolist() == [True]
    result = attack(copy, pixels((0.41, 0.41)), [0])
    steps = 4 * result.images
    assert (steps == np.rint(steps)).all()
    assert result.success.all()


def test_the_judge_of_the_copy_is_its_predict(reference):
    """For a .tflite file that is the interpreter, and not the lift."""

    class Stubborn(ak.Classifier):
        exact = False

        def predict(self, images, batch_size=256, within_bounds=True):
            return np.zeros(len(images), np.int64)

    attack = ak.attacks.Evasive(0.3, steps=5, reference=reference)
    stubborn = Stubborn(two_pixels(10, 10, 10).model)
    assert not attack(stubborn, pixels((0.4, 0.4)), [0]).success.any()


def test_the_batch_does_not_matter():
    copy, reference = linear(classes=3)[0], linear(classes=3, seed=1)[0]
    images = grey(8)
    for random_start in (False, True):
        attack = ak.attacks.Evasive(
            0.2, steps=10, random_start=random_start, reference=reference
        )
        whole = attack(copy, images, batch_size=8).images
        parts = attack(copy, images, batch_size=1).images
        np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_each_reference_has_a_loop_of_its_own(copy, reference):
    """Compiled for one, it would protect that one for ever."""
    other = two_pixels(0, 10, 6)  # 1 where y > 0.6
    images = pixels((0.4, 0.4))
    for protected in (reference, other, reference):
        attack = ak.attacks.Evasive(0.3, reference=protected)
        result = attack(copy, images, [0])
        assert result.success.all()
        assert (protected.predict(result.images) == 0).all()


def test_images_of_any_size():
    def net(seed):
        keras.utils.set_random_seed(seed)
        given = keras.Input((None, None, 1))
        hidden = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(given))
        return ak.Classifier(keras.Model(given, layers.Dense(3)(hidden)))

    attack = ak.attacks.Evasive(0.2, steps=3, reference=net(0))
    images = np.random.default_rng(0).random((2, 9, 7, 1), np.float32)
    result = attack(net(1), images)
    assert result.images.shape == images.shape
    assert (result.linf > 0).all()


def test_a_plain_model_may_be_the_reference(copy, reference):
    attack = ak.attacks.Evasive(0.3, reference=reference.model)
    assert attack(copy, pixels((0.4, 0.4)), [0]).success.all()


def test_a_reference_is_needed():
    with pytest.raises(ValueError, match=r"`reference` must .*reference=None"):
        ak.attacks.Evasive(0.1)
    with pytest.raises(ValueError, match=r"must be a keras\.Model.*type str"):
        ak.attacks.Evasive(0.1, reference="m1")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (lambda: linear()[0], r"image_shape=\(4, 4, 1\)"),
        (lambda: two_pixels(1, 1, 1, classes=3), "num_classes=3"),
        (
            lambda: ak.Classifier(two_pixels(1, 1, 1).model, bounds=(0, 255)),
            r"bounds=\(0\.0, 255\.0\)",
        ),
    ],
)
def test_a_reference_of_other_images_is_refused(copy, reference, said):
    attack = ak.attacks.Evasive(0.1, reference=reference())
    with pytest.raises(ValueError, match=f"`reference` must have .*{said}"):
        attack(copy, pixels((0.4, 0.4)), [0])


def test_targets_are_refused_before_any_work(copy, reference, monkeypatch):
    def no_work(*_, **__):
        raise AssertionError("work began")

    for classifier in (copy, reference):
        for method in ("predict", "logits"):
            monkeypatch.setattr(classifier, method, no_work)
    attack = ak.attacks.Evasive(0.1, reference=reference)
    with pytest.raises(ValueError, match="`targets` must be None") as error:
        attack(copy, pixels((0.4, 0.4)), [0], targets=[1])
    assert str(error.value).endswith("Received: targets")


def test_it_prints_its_settings_and_is_frozen(reference):
    attack = ak.attacks.Evasive(0.1, "l2", steps=7, reference=reference)
    said = repr(attack)
    assert said.startswith("Evasive(epsilon=0.1, norm='l2', steps=7, ")
    assert f"reference={reference!r}" in said
    with pytest.raises(dataclasses.FrozenInstanceError):
        attack.reference = None
    assert attack == dataclasses.replace(attack)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 0}, "epsilon=0"),
        ({"norm": "l1"}, "norm='l1'"),
        ({"steps": 0}, "steps=0"),
        ({"step_size": -1}, "step_size=-1"),
    ],
)
def test_bad_hyper_parameters(reference, arguments, message):
    options = {"epsilon": 0.1, "reference": reference, **arguments}
    with pytest.raises(ValueError, match=message):
        ak.attacks.Evasive(**options)


def test_by_name(reference):
    attack = ak.attacks.build(
        "evasive", epsilon=0.2, clip=True, reference=reference
    )
    assert attack == ak.attacks.Evasive(0.2, reference=reference)


def test_the_other_attacks_have_no_reference(reference):
    """One set of flags serves them all."""
    attack = ak.attacks.build("pgd", epsilon=0.2, reference=reference)
    assert attack == ak.attacks.PGD(0.2)
