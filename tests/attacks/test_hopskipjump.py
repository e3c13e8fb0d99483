"""HopSkipJump: linear models by labels alone, budgets of queries, plateaus."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from advkeras.attacks import hopskipjump_walk
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear

NORMS = pytest.mark.parametrize("norm", ["l2", "linf"])


def nearest(images, norm):
    """Returns the exact distance of each image, where no bound is met."""
    classifier, kernel, _ = linear()
    z = np.asarray(classifier.logits(images))
    order = {"l2": 2, "linf": 1}[norm]  # the dual's
    return np.abs(z[:, 1] - z[:, 0]) / np.linalg.norm(
        kernel[:, 1] - kernel[:, 0], order
    )


@NORMS
@pytest.mark.parametrize("targeted", [False, True])
def test_linear_comes_near_the_exact_distance(norm, targeted):
    classifier, images = linear()[0], grey(8)
    labels = classifier.predict(images)
    starts = np.random.default_rng(1).random((20, *SHAPE), np.float32)
    attack = ak.attacks.HopSkipJump(
        norm, queries=4000, starts=starts if targeted else None
    )
    result = attack(
        classifier, images, labels, 1 - labels if targeted else None
    )
    assert result.success.all()
    exact = nearest(images, norm)
    found = getattr(result, norm)
    assert (found >= exact * (1 - 1e-5)).all()
    assert (found <= exact * {"l2": 1.02, "linf": 1.15}[norm]).all()
    assert (result.gradient_evaluations == 0).all()
    few = dataclasses.replace(attack, queries=60)(
        classifier, images, labels, result.targets
    )
    assert (getattr(few, norm) > found).mean() > 0.8


class Counting(ak.Classifier):
    """Counts the images that it is asked about, and can say labels alone."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.shown = []

    def predict(self, images, batch_size=256, within_bounds=True):
        self.shown.append(len(images))
        return super().predict(images, batch_size)

    def logits(self, images):
        if tf.executing_eagerly():
            raise AssertionError("scores were asked for")
        return super().logits(images)


@NORMS
@pytest.mark.parametrize("queries", [1, 2, 7, 40, 333])
def test_no_more_is_asked_than_allowed_and_all_is_counted(norm, queries):
    classifier = Counting(linear()[0].model, (0.0, 1.0))
    images = grey(5)
    result = ak.attacks.HopSkipJump(norm, queries)(classifier, images)
    assert (result.queries <= queries).all()
    # Beside what is counted: the clean images, and those found.
    own = 5 + 5 + 5  # the labels that were not given, too
    assert sum(classifier.shown) == result.queries.sum() + own
    assert (result.success == (result.linf > 0)).all()


def test_where_the_model_errs_already_nothing_is_asked():
    classifier, images = linear()[0], grey(6)
    wrong = 1 - classifier.predict(images)
    result = ak.attacks.HopSkipJump()(classifier, images, wrong)
    assert result.success.all()
    assert (result.queries == 0).all()
    np.testing.assert_array_equal(result.images, images)


def test_a_model_that_says_one_thing_is_left_after_the_starts():
    model = linear()[0].model
    given = keras.Input(SHAPE)
    always = keras.Model(given, 0 * model(given) + np.array([1.0, 0.0]))
    images = grey(3)
    result = ak.attacks.HopSkipJump()(ak.Classifier(always), images)
    assert not result.success.any()
    assert set(result.queries.tolist()) == {hopskipjump_walk._STARTS}
    np.testing.assert_array_equal(result.images, images)


@functools.cache
def of(bounds, levels):
    """The linear model within other bounds: each is traced once."""
    return ak.Classifier(linear()[0].model, bounds, levels=levels)


@settings(max_examples=15)
@given(
    bounds=st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (-128.0, 127.0)]),
    levels=st.sampled_from((None, 256)),
    norm=st.sampled_from(["l2", "linf"]),
    seed=st.integers(0, 1000),
)
def test_box_and_levels(bounds, levels, norm, seed):
    classifier = of(bounds, levels)
    lower, upper = bounds
    share = np.random.default_rng(seed).random((5, *SHAPE), np.float32)
    images = np.clip(lower + (upper - lower) * share, lower, upper)
    attack = ak.attacks.HopSkipJump(norm, queries=150)
    result = attack(classifier, images, seed=seed)
    assert lower <= result.images.min() <= result.images.max() <= upper
    said = classifier.predict(result.images)
    assert ((said != result.labels) == result.success).all()
    if levels:
        steps = (result.images.astype(np.float64) - lower) / (upper - lower)
        np.testing.assert_allclose(255 * steps % 1 % 0.9999, 0, atol=2e-3)


def test_neither_batch_nor_neighbours_matter():
    classifier, images = linear()[0], grey(7)
    attack = ak.attacks.HopSkipJump(queries=200)
    whole = attack(classifier, images, seed=3)
    for order in (np.arange(7)[::-1], np.roll(np.arange(7), 3)):
        for batch_size in (1, 3, 7):
            again = attack(
                *(classifier, images[order], whole.labels[order], None),
                *(batch_size, 3),
            )
            np.testing.assert_allclose(
                again.images, whole.images[order], atol=1e-6
            )
            np.testing.assert_array_equal(again.queries, whole.queries[order])
    other = attack(classifier, images, seed=4)
    assert np.abs(other.images - whole.images).max() > 1e-4


def test_answers_do_not_depend_on_the_bounds(monkeypatch):
    """By the seed alone, as the images of the two nets differ."""
    monkeypatch.setattr(
        "advkeras.attacks.seeds.generator",
        lambda image, seed: np.random.default_rng(seed),
    )
    plain, images = linear()[0], grey(4)
    wide = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Rescaling(1 / 256, 0.5),
            *plain.model.layers,
        ]
    )
    attack = ak.attacks.HopSkipJump(queries=300)
    one = attack(plain, images)
    two = attack(ak.Classifier(wide, (-128.0, 128.0)), 256 * images - 128)
    np.testing.assert_allclose(
        two.perturbation / 256, one.perturbation, atol=1e-5
    )


class Rounded(layers.Layer):
    """Rounds to 32nds: what is less than half of one is not seen."""

    def call(self, images):
        return tf.round(32 * images) / 32


def test_noise_grows_until_a_plateau_sees_it(monkeypatch):
    inner, images = linear()[0].model, grey(16)
    given = keras.Input(SHAPE)
    model = ak.Classifier(keras.Model(given, inner(Rounded()(given))))
    attack = ak.attacks.HopSkipJump(queries=1500)
    grown = attack(model, images)
    monkeypatch.setattr(hopskipjump_walk, "_LOUDER", 1.0)
    held = attack(model, images)
    assert grown.success.all()
    assert grown.l2.mean() < 0.9 * held.l2.mean()


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["int8", "int8-float-io"])
def test_the_interpreter_alone_of_a_device_file(
    variant, test_digits, tmp_path, monkeypatch
):
    images, labels = test_digits.sample(12)
    calibration = test_digits.sample(60, seed=1)[0]
    path = ak.edge.export(
        ak.models.load("m1"), tmp_path, variant, calibration=calibration
    )[variant]
    device = ak.load(path)
    white = ak.attacks.DeepFool()(device, images, labels)

    def no_scores(images):
        raise AssertionError("the lift was asked")

    monkeypatch.setattr(device, "logits", no_scores)
    result = ak.attacks.HopSkipJump(queries=1500)(device, images, labels)
    assert result.success.all()
    both = white.success & result.success & (white.l2 > 0)
    assert (result.l2[both] / white.l2[both]).mean() < 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "l1"}, r"`norm`.*'l1'"),
        ({"queries": 0}, r"`queries`.*0"),
        ({"targets": "nosuch"}, r"`targets`.*'nosuch'"),
        ({"targets": "next"}, r"`starts` must be images.*None"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        ak.attacks.HopSkipJump(**arguments)


def test_what_does_not_fit_the_call():
    classifier, images = linear()[0], grey(2)
    labels = classifier.predict(images)
    with pytest.raises(ValueError, match="`starts` must be images"):
        ak.attacks.HopSkipJump()(classifier, images, labels, 1 - labels)
    small = ak.attacks.HopSkipJump(starts=np.zeros((2, 3, 3, 1)))
    with pytest.raises(ValueError, match=r"`starts` are.*\(2, 3, 3, 1\)"):
        small(classifier, images)


def test_results_say_which_starts_they_are_from():
    classifier, images = linear()[0], grey(2)
    starts = [np.zeros((2, *SHAPE)), np.ones((2, *SHAPE))]
    said = {
        ak.attacks.HopSkipJump(queries=5, starts=s)(classifier, images).attack
        for s in (None, *starts)
    }
    assert len(said) == 3
