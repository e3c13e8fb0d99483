"""Early leaving, restarts and momentum, which climbing attacks share."""

import dataclasses
import functools
import itertools

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.attacks import balls
from tests.attacks.linear import grey
from tests.attacks.linear import linear
from tests.attacks.test_pgd import net

EARLY = ak.attacks.PGD(0.1, steps=10, stop_early=True)


@functools.cache
def one_pixel():
    """One pixel, z = (0, 3 (x - 0.5)): 0 up to the middle."""
    model = keras.Sequential([keras.Input((1, 1, 1)), layers.Flatten()])
    model.add(layers.Dense(2))
    model.layers[-1].set_weights(
        [np.array([[0.0, 3.0]]), np.array([0.0, -1.5])]
    )
    return ak.Classifier(model)


def at(*pixels):
    return np.array(pixels, np.float32).reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_an_image_stops_at_its_first_success(batch_size):
    """Steps of 0.02 up; each is asked for before it is known to be one."""
    images = at(0.6, 0.49, 0.45, 0.43, 0.2)
    attack = ak.attacks.PGD(0.1, steps=5, step_size=0.02, stop_early=True)
    found = attack(one_pixel(), images, np.zeros(5, int), None, batch_size)
    expected = [0.6, 0.51, 0.51, 0.51, 0.3]
    np.testing.assert_allclose(found.images.ravel(), expected, rtol=1e-6)
    assert found.success.tolist() == [True, True, True, True, False]
    assert found.gradient_evaluations.tolist() == [0, 2, 4, 5, 6]
    all_steps = dataclasses.replace(attack, stop_early=False)
    found = all_steps(one_pixel(), images, np.zeros(5, int), None, batch_size)
    expected = [0.7, 0.59, 0.55, 0.53, 0.3]
    np.testing.assert_allclose(found.images.ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("levels", [None, 256])
def test_it_succeeds_where_all_steps_do(norm, targeted, levels):
    classifier, images = net(levels), grey(40, spread=0.5)
    labels = classifier.predict(images)
    targets = (labels + 1) % 3 if targeted else None
    attack = dataclasses.replace(
        EARLY, norm=norm, epsilon=0.2 if norm == "l2" else 0.06
    )
    early = attack(classifier, images, labels, targets)
    whole = dataclasses.replace(attack, stop_early=False)(
        classifier, images, labels, targets
    )
    assert (early.success >= whole.success).all()
    assert 0.2 < whole.success.mean() < 0.95
    np.testing.assert_allclose(
        early.images[~early.success], whole.images[~early.success], atol=1e-5
    )
    used = early.gradient_evaluations
    most = 11 + (10 if levels and norm == "l2" else 0)
    assert (used[~early.success] == 11).all() and used.max() <= most
    assert used[early.success].mean() < 9


def test_early_leaving_is_of_each_image():
    classifier, images = net(), grey(30, spread=0.5)
    labels = classifier.predict(images)
    attack = dataclasses.replace(EARLY, random_start=True, restarts=2)
    one = attack(classifier, images, labels, batch_size=30, seed=2)
    for size in (1, 7):
        other = attack(classifier, images, labels, None, size, seed=2)
        np.testing.assert_allclose(other.images, one.images, atol=1e-6)
        assert (other.gradient_evaluations == one.gradient_evaluations).all()
    back = attack(classifier, images[::-1], labels[::-1], seed=2)
    np.testing.assert_allclose(back.images[::-1], one.images, atol=1e-6)


def test_where_the_model_has_another_word_all_steps_are_taken():
    """The judge says class 1 from 0.53 on only, the logits from 0.5."""

    class Late(ak.Classifier):
        exact = False

        def predict(self, images, *args, **more):
            said = super().predict(images, *args, **more)
            return np.where(np.ravel(images) > 0.53, said, 0)

    late = Late(one_pixel().model)
    attack = ak.attacks.PGD(0.1, steps=5, step_size=0.02, stop_early=True)
    found = attack(late, at(0.49, 0.2), [0, 0])
    np.testing.assert_allclose(found.images.ravel(), [0.59, 0.3], rtol=1e-6)
    assert found.success.tolist() == [True, False]
    assert found.gradient_evaluations.tolist() == [2 + 5, 6]


def test_evasive_stops_where_both_models_are_as_they_should():
    classifier, reference = linear(classes=3)[0], linear(classes=3, seed=1)[0]
    images = grey(30, spread=0.3)
    agreed = classifier.predict(images) == reference.predict(images)
    images = images[agreed]
    labels = reference.predict(images)
    whole = ak.attacks.Evasive(0.05, reference=reference, steps=20)
    early = dataclasses.replace(whole, stop_early=True)
    whole, early = (
        attack(classifier, images, labels) for attack in (whole, early)
    )
    assert (early.success >= whole.success).all() and early.success.any()
    assert early.gradient_evaluations[early.success].mean() < 10


def test_training_takes_all_the_steps():
    classifier, images = net(), grey(8)
    labels = classifier.predict(images)
    early = dataclasses.replace(EARLY, epsilon=0.3)
    whole = dataclasses.replace(early, stop_early=False)
    made = early.on_tensors(classifier, images, labels, np.array([0, 0]))
    expected = whole(classifier, images, labels).images
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert np.abs(early(classifier, images, labels).images - made).max() > 0.1
    again = dataclasses.replace(early, restarts=2)
    assert again.leaves_graph()
    made = again.on_tensors(classifier, images, labels, np.array([0, 0]))
    assert (np.abs(made - images).reshape(8, -1).max(1) > 0.25).all()


@pytest.mark.parametrize("stop_early", [False, True])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_restarts_are_never_worse(norm, stop_early):
    classifier, images = net(), grey(60, spread=0.5)
    labels = classifier.predict(images)
    attack = ak.attacks.PGD(
        0.2 if norm == "l2" else 0.06,
        norm,
        steps=2,
        random_start=True,
        stop_early=stop_early,
    )
    results = [
        dataclasses.replace(attack, restarts=restarts)(
            classifier, images, labels, seed=1
        )
        for restarts in (1, 2, 6)
    ]
    for fewer, more in itertools.pairwise(results):
        assert (more.success >= fewer.success).all()
        # Whoever has fallen goes on no more.
        same = fewer.success
        np.testing.assert_allclose(
            more.images[same], fewer.images[same], atol=1e-6
        )
        more_used, used = more.gradient_evaluations, fewer.gradient_evaluations
        assert (more_used[same] == used[same]).all()
        assert (more_used[~same] > used[~same]).all()
    assert results[2].success.sum() > results[0].success.sum()


@pytest.mark.parametrize("norm", balls.NORMS)
def test_a_restart_begins_elsewhere(norm):
    images = at(*np.linspace(0.3, 0.7, 40))
    first, second, same = (
        balls.points(images, norm, 0.1, 5, restart) for restart in (0, 1, 1)
    )
    assert np.abs(first).max() <= 0.1 and np.abs(second).max() <= 0.1
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.5
    assert (second == same).all()


@functools.cache
def beyond_a_dip():
    """One pixel whose f = z_1 - z_0 falls between 0.5 and 0.54 alone.

    Its slope is 1, then -10, then 30.
    """
    model = keras.Sequential([keras.Input((1, 1, 1)), layers.Flatten()])
    model.add(layers.Dense(3, activation="relu"))
    model.add(layers.Dense(2))
    model.layers[-2].set_weights(
        [np.ones((1, 3)), np.array([0.0, -0.5, -0.54])]
    )
    kernel = np.array([[0, 1], [0, -11], [0, 40]])
    model.layers[-1].set_weights([kernel, np.array([0.0, -9.0])])
    return ak.Classifier(model)


@pytest.mark.parametrize(
    ("norm", "stop_early"), [("linf", False), ("l2", True)]
)
def test_hand_computed_momentum(norm, stop_early):
    """From 0.45 in steps of 0.02; of one pixel a normed gradient is a sign.

    Heading 1, 2, 3 to 0.51, then 2 and 1 through the dip, and 2 beyond it.
    """
    attack = ak.attacks.PGD(
        0.3,
        norm,
        steps=6,
        step_size=0.02,
        momentum=1.0,
        stop_early=stop_early,
    )
    for momentum, expected in ((1.0, 0.57), (0.0, 0.49), (0.5, 0.49)):
        attack = dataclasses.replace(attack, momentum=momentum)
        found = attack(beyond_a_dip(), at(0.45), [0])
        np.testing.assert_allclose(found.images.ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stop_early": "yes"}, "stop_early='yes'"),
        ({"restarts": 0}, "restarts=0"),
        ({"momentum": -0.1}, "momentum=-0.1"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"Received: {message}"):
        ak.attacks.PGD(0.1, **arguments)
