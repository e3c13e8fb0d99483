"""APGD: what the paper prescribes, and optima of linear models."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.attacks import apgd
from advkeras.attacks import apgd_climb
from tests.attacks.linear import grey
from tests.attacks.linear import linear
from tests.attacks.test_ascent import at
from tests.attacks.test_ascent import one_pixel
from tests.attacks.test_pgd import net
from tests.attacks.test_pgd import norms_of

FULL = ak.attacks.APGD(0.07, steps=10, stop_early=False)


def test_checkpoints_come_closer():
    """Section 3.2: 0.22, then 0.19 later, 0.16, 0.13, 0.1, 0.07, 0.06."""
    spans = apgd_climb.checkpoints(100)
    places = np.flatnonzero(spans)
    assert places.tolist() == [22, 41, 57, 70, 80, 87, 93, 99]
    assert spans[places].tolist() == [22, 19, 16, 13, 10, 7, 6, 6]
    few = apgd_climb.checkpoints(5)
    assert few.tolist() == [0, 0, 2, 1, 1, 1]


@pytest.mark.parametrize("targeted", [False, True])
def test_linear_linf_reaches_the_optimum_which_is_fgsms(targeted):
    classifier, images = linear(classes=2)[0], grey(8, spread=0.5)
    labels = classifier.predict(images)
    targets = 1 - labels if targeted else None
    best = ak.attacks.FGSM(0.07)(classifier, images, labels, targets)
    found = FULL(classifier, images, labels, targets)
    np.testing.assert_allclose(found.images, best.images, atol=1e-6)
    early = dataclasses.replace(FULL, stop_early=True)
    early = early(classifier, images, labels, targets)
    assert (early.success == best.success).all()
    assert best.success.any() and not best.success.all()
    # Of two epsilons, the first step is all that is needed.
    assert (early.gradient_evaluations[early.success] == 2).all()


def test_linear_l2_comes_near_the_optimum():
    classifier, kernel, _ = linear(classes=2)
    images = grey(8)
    labels = classifier.predict(images)
    attack = dataclasses.replace(FULL, norm="l2", epsilon=0.3)
    found = attack(classifier, images, labels)

    def margins(x):
        z = np.asarray(classifier.logits(x))
        return (z[:, 0] - z[:, 1]) * np.where(labels == 0, 1, -1)

    best = 0.3 * np.linalg.norm(kernel[:, 0] - kernel[:, 1])
    fall = margins(images) - margins(found.images)
    assert (fall > best / 1.001).all() and (fall < best * 1.0001).all()


def test_hand_computed_steps():
    """From 0.45 with 2 epsilons of 0.2, within 0.2: up to the end at once."""
    attack = ak.attacks.APGD(0.2, steps=3)
    found = attack(one_pixel(), at(0.45, 0.2), [0, 0])
    np.testing.assert_allclose(found.images.ravel(), [0.65, 0.4], rtol=1e-6)
    assert found.gradient_evaluations.tolist() == [2, 4]


def test_a_step_is_halved_and_goes_on_from_the_best():
    """One pixel, f = -|x - 0.53|, from 0.45 in steps of 0.2, within 0.1.

    0.45, then 0.55, then down to 0.35, with a quarter of the step before:
    0.75 * 0.35 + 0.25 * 0.65 = 0.425. At step 2 one step of two has gone up,
    which is too few: back to 0.55, and down by 0.1: 0.75 * 0.45 + 0.25 * 0.55
    = 0.475, where f = -0.055 is below that at 0.55, -0.02. At step 3 none of
    one has: back, and down by 0.05: 0.75 * 0.5 + 0.25 * 0.55 = 0.5125.
    """
    model = keras.Sequential([keras.Input((1, 1, 1)), layers.Flatten()])
    model.add(layers.Dense(2, activation="relu"))
    model.add(layers.Dense(2))
    model.layers[-2].set_weights(
        [np.array([[1.0, -1]]), np.array([-0.53, 0.53])]
    )
    model.layers[-1].set_weights(
        [np.array([[0.0, -1], [0, -1]]), np.array([0.0, -1])]
    )
    attack = ak.attacks.APGD(0.1)
    climbing = attack._climb(ak.Classifier(model), False, False, 0.1, True)
    for steps, expected in ((2, 0.55), (3, 0.55), (4, 0.5125)):
        spans = apgd_climb.checkpoints(5)[: steps + 1]  # after 2, 3 and 4
        images, *_ = climbing(at(0.45), at(0.45), [0], [0], 0.1, spans, 1)
        np.testing.assert_allclose(images.numpy().ravel(), expected, atol=1e-5)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("levels", [None, 256])
def test_at_least_as_strong_as_pgd_within_budget_and_box(norm, levels):
    classifier, images = net(levels), grey(60, spread=0.5)
    labels = classifier.predict(images)
    epsilon = 0.2 if norm == "l2" else 0.06
    result = ak.attacks.APGD(epsilon, norm, steps=20)(
        classifier, images, labels
    )
    pgd = ak.attacks.PGD(epsilon, norm, steps=20)(classifier, images, labels)
    assert result.success.sum() >= pgd.success.sum() > 10
    assert not pgd.success.all()
    assert 0 <= result.images.min() <= result.images.max() <= 1
    assert (norms_of(result.perturbation, norm) <= epsilon + 2e-6).all()
    if levels:
        steps = 255 * result.images.astype(np.float64)
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


@pytest.mark.parametrize("loss", apgd.LOSSES)
def test_every_class_in_turn(loss):
    """Of a linear model each class's optimum is known: the nearest will do."""
    classifier, kernel, _ = linear(classes=5)
    images = grey(40)
    labels = classifier.predict(images)
    z = np.asarray(classifier.logits(images))
    own = np.arange(40), labels
    ways = np.abs(kernel[:, labels].T[:, :, None] - kernel[None]).sum(1)
    needed = (z[own][:, None] - z) / np.where(ways == 0, np.nan, ways)
    least = np.nanmin(needed, axis=1)
    epsilon = np.median(least)
    attack = ak.attacks.APGD(epsilon, steps=5, loss=loss, targets="all")
    found = attack(classifier, images, labels)
    assert found.targets is None
    assert (found.success <= (least < epsilon)).all()
    if loss == "dlr":  # cross-entropy also goes by the classes not aimed at
        assert found.success.tolist() == (least < epsilon).tolist()
    # To the first class, and then to three more, where it does not help.
    assert (found.gradient_evaluations[~found.success] == 4 * 6).all()
    one = dataclasses.replace(attack, target_classes=1)
    one = one(classifier, images, labels)
    assert (one.gradient_evaluations[~one.success] == 6).all()
    assert (found.success >= one.success).all()


def test_neither_batch_nor_neighbours_matter():
    classifier, images = linear(classes=5)[0], grey(12)
    labels = classifier.predict(images)
    attack = ak.attacks.APGD(
        0.05, steps=6, loss="dlr", targets="all", restarts=2, random_start=True
    )
    whole = attack(classifier, images, labels, seed=3)
    for size in (1, 5):
        parts = attack(classifier, images, labels, None, size, seed=3)
        np.testing.assert_allclose(parts.images, whole.images, atol=1e-6)
        assert (parts.gradient_evaluations == whole.gradient_evaluations).all()
    other = attack(classifier, images, labels, seed=4)
    assert np.abs(other.images - whole.images).max() > 1e-3


def test_dlr_needs_classes():
    images = grey(2)
    for classes, targets, given in (
        (2, None, None),
        (3, "all", None),
        (3, None, [1, 2]),
    ):
        attack = ak.attacks.APGD(0.1, loss="dlr", targets=targets)
        with pytest.raises(
            ValueError, match=rf"must be 'ce' .* {classes} classes.*loss='dlr'"
        ):
            attack(linear(classes=classes)[0], images, [0, 0], given)
    attack = ak.attacks.APGD(0.1, loss="dlr", steps=2)
    assert len(attack(linear(classes=3)[0], images, [0, 0])) == 2


def test_training_takes_all_the_steps():
    classifier, images = linear(classes=2)[0], grey(4)
    labels = classifier.predict(images)
    attack = ak.attacks.APGD(0.3, steps=4)
    made = attack.on_tensors(classifier, images, labels, np.array([0, 0]))
    best = ak.attacks.FGSM(0.3)(classifier, images, labels).images
    np.testing.assert_allclose(made, best, atol=1e-6)
    assert attack.leaves_graph()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "l1"}, "norm='l1'"),
        ({"steps": 0}, "steps=0"),
        ({"loss": "cw"}, "loss='cw'"),
        ({"restarts": 0}, "restarts=0"),
        ({"targets": "best"}, "targets='best'"),
        ({"target_classes": 0}, "target_classes=0"),
        ({"random_start": 2}, "random_start=2"),
        ({"rho": 1.5}, "rho=1.5"),
        ({"stop_early": None}, "stop_early=None"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"Received: {message}"):
        ak.attacks.APGD(0.1, **arguments)
