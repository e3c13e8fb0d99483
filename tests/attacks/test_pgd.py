"""PGD: closed forms on linear models, and what must hold on any."""

import dataclasses

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from advkeras.attacks import objectives
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def norms_of(perturbation, norm):
    flat = perturbation.reshape(len(perturbation), -1).astype(np.float64)
    if norm == "linf":
        return np.abs(flat).max(axis=1)
    return np.sqrt((flat**2).sum(axis=1))


def net(levels=None, cache={}):  # noqa: B006
    """A net that is not linear, always the same one: it is traced once."""
    if levels not in cache:
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input(SHAPE),
                layers.Flatten(),
                layers.Dense(8, activation="tanh", kernel_initializer="normal"),
                layers.Dense(3),
            ]
        )
        kernel = model.layers[1].kernel
        kernel.assign(40 * kernel)
        cache[levels] = ak.Classifier(model, levels=levels)
    return cache[levels]


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("spread", [0.1, 0.5])
def test_linear_linf_reaches_the_optimum_which_is_fgsms(targeted, spread):
    """Every pixel goes its way to the end of the ball, or of the box."""
    classifier, *_ = linear(classes=2)
    images = grey(8, spread=spread)
    labels = classifier.predict(images)
    targets = 1 - labels if targeted else None
    best = ak.attacks.FGSM(0.07)(classifier, images, labels, targets)
    found = ak.attacks.PGD(0.07)(classifier, images, labels, targets)
    np.testing.assert_allclose(found.images, best.images, atol=1e-6)
    assert (found.success == best.success).all()


@pytest.mark.parametrize(
    ("random_start", "within"), [(False, 1.001), (True, 1.05)]
)
def test_linear_l2_comes_near_the_optimum(random_start, within):
    """Two classes, w'x apart: the best step of size e gains e |w|."""
    classifier, kernel, _ = linear(classes=2)
    images = grey(8)
    labels = classifier.predict(images)
    attack = ak.attacks.PGD(0.3, norm="l2", random_start=random_start)
    found = attack(classifier, images, labels)

    def margins(x):
        z = np.asarray(classifier.logits(x))
        return (z[:, 0] - z[:, 1]) * np.where(labels == 0, 1, -1)

    best = 0.3 * np.linalg.norm(kernel[:, 0] - kernel[:, 1])
    fall = margins(images) - margins(found.images)
    assert (fall > best / within).all()
    assert (fall < best * 1.0001).all()


def test_hand_computed_steps():
    """One pixel, z = (0, w (x - 0.5)), label 0: up by 0.02, three times."""
    model = keras.Sequential([keras.Input((1, 1, 1)), layers.Flatten()])
    model.add(layers.Dense(2))
    model.layers[-1].set_weights([np.array([[0.0, 3.0]]), np.zeros(2)])
    x = np.full((1, 1, 1, 1), 0.5, np.float32)
    for epsilon, expected in ((0.1, 0.56), (0.05, 0.55)):
        attack = ak.attacks.PGD(epsilon, steps=3, step_size=0.02)
        found = attack(model, x, [0])
        np.testing.assert_allclose(found.images.ravel(), [expected], rtol=1e-6)
        assert found.gradient_evaluations.tolist() == [3]


@given(
    epsilon=st.floats(1e-3, 3.0),
    norm=st.sampled_from(("linf", "l2")),
    levels=st.sampled_from((None, 256)),
    random_start=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_budget_box_and_levels(epsilon, norm, levels, random_start, seed):
    classifier = net(levels)
    images = np.random.default_rng(seed).random((5, *SHAPE), np.float32)
    attack = ak.attacks.PGD(epsilon, norm, steps=7, random_start=random_start)
    result = attack(classifier, images, seed=seed)
    assert result.images.min() >= 0 and result.images.max() <= 1
    assert (norms_of(result.perturbation, norm) <= epsilon + 2e-6).all()
    if levels:
        for pixels in (result.originals, result.images):
            steps = 255 * pixels.astype(np.float64)
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
        assert np.abs(result.originals - images).max() <= 0.5 / 255 + 1e-6
    else:
        assert (result.originals == images).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_returned_is_the_best_of_its_way(norm):
    """Steps that are too long lead astray, but not what is returned."""
    images = np.random.default_rng(0).random((20, *SHAPE), np.float32)
    labels = net().predict(images)

    def height(x):
        return objectives.log_odds_against(net().logits(x), labels).numpy()

    heights = [height(images)]
    for steps in (1, 3, 30):
        attack = ak.attacks.PGD(1.0, norm=norm, steps=steps, step_size=0.9)
        heights.append(height(attack(net(), images, labels).images))
    assert (np.diff(heights, axis=0) >= -1e-4).all()
    assert (heights[-1] > heights[0] + 0.1).all()


@pytest.mark.parametrize("random_start", [False, True])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_neither_batch_nor_neighbours_matter(norm, random_start):
    classifier = linear(classes=3)[0]
    images, labels = grey(8), np.arange(8) % 3
    attack = ak.attacks.PGD(0.1, norm, steps=5, random_start=random_start)
    whole = attack(classifier, images, labels, batch_size=8, seed=3).images
    for size in (1, 3):
        parts = attack(classifier, images, labels, None, size, seed=3).images
        np.testing.assert_allclose(parts, whole, atol=1e-6)
    back = attack(classifier, images[::-1], labels[::-1], seed=3).images
    np.testing.assert_allclose(back[::-1], whole, atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_random_start_is_seeded(norm):
    """One step of next to nothing leaves the start, somewhere in the ball."""
    classifier, images = linear()[0], grey(40)
    # Predicted already: every step is uphill, so none goes back to the start.
    labels = classifier.predict(images)
    attack = ak.attacks.PGD(
        0.1, norm, steps=1, step_size=1e-6, random_start=True
    )
    one, same, other = (
        attack(classifier, images, labels, seed=seed).perturbation
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (np.abs(one - other).reshape(40, -1).max(axis=1) > 1e-3).all()
    sizes = norms_of(one, norm)
    assert (sizes <= 0.1 + 1e-6).all() and sizes.max() > 0.09
    if norm == "linf":
        assert abs(one.mean()) < 0.02
        assert abs(one.std() - 0.2 / np.sqrt(12)) < 0.01
    none = dataclasses.replace(attack, random_start=False)
    assert np.abs(none(classifier, images, labels).perturbation).max() < 1e-5


@pytest.fixture(scope="module")
def m1():
    return ak.load("m1")


def test_on_a_trained_net_it_is_at_least_as_strong_as_fgsm(m1, test_digits):
    images, labels = test_digits.sample(200)
    for epsilon in (0.05, 0.1):
        one = ak.attacks.FGSM(epsilon)(m1, images, labels)
        many = ak.attacks.PGD(epsilon)(m1, images, labels)
        assert (many.success >= one.success).all()
        assert (many.linf <= epsilon + 1e-6).all()
        heights = [
            objectives.log_odds_against(m1.logits(found.images), labels)
            for found in (one, many)
        ]
        assert np.mean(heights[1] > heights[0]) > 0.95
    assert one.success.mean() > 0.5


def test_targeted_on_a_trained_net(m1, test_digits):
    images, labels = test_digits.sample(100)
    result = ak.attacks.PGD(0.2, targets="next")(m1, images, labels)
    assert (result.targets != result.labels).all()
    assert (result.success == (result.predictions == result.targets)).all()
    one = ak.attacks.FGSM(0.2)(m1, images, labels, result.targets)
    assert result.success.mean() > one.success.mean() + 0.1
    assert result.success.mean() > 0.9


def test_no_gradient_no_change():
    model = keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)]
    )
    model.layers[-1].set_weights([np.zeros((16, 2)), np.array([1.0, 0.0])])
    for norm in ("linf", "l2"):
        result = ak.attacks.PGD(0.5, norm)(model, grey(3), [0, 0, 0])
        assert (result.perturbation == 0).all()
        assert not result.success.any()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_levels_wider_than_epsilon_are_said(norm):
    classifier = ak.Classifier(linear()[0].model, levels=6)
    with pytest.raises(ValueError, match=r"one step.*0\.2.*epsilon=0\.1"):
        ak.attacks.PGD(0.1, norm)(classifier, grey(4))


def test_traced_once_for_all_sizes_and_batches(monkeypatch):
    classifier = linear()[0]
    traces = 0
    logits = classifier.logits

    def counted(x):
        nonlocal traces
        traces += 1
        return logits(x)

    ak.attacks.PGD(0.1)(classifier, grey(2))
    monkeypatch.setattr(classifier, "logits", counted)
    for attack in (
        ak.attacks.PGD(0.2),
        ak.attacks.PGD(0.1, step_size=0.01),
        ak.attacks.PGD(0.1, random_start=True),
    ):
        for n in (1, 5):
            attack(classifier, grey(n))
    assert traces == 0


def test_bounds_of_another_range():
    classifier, kernel, bias = linear(classes=3)
    wide_model = keras.models.clone_model(classifier.model)
    wide_model.layers[-1].set_weights([kernel / 255, bias])
    wide = ak.Classifier(wide_model, bounds=(0, 255))
    images, labels = grey(4), [0, 1, 2, 0]
    a = ak.attacks.PGD(0.1, "l2")(classifier, images, labels)
    b = ak.attacks.PGD(25.5, "l2")(wide, 255 * images, labels)
    np.testing.assert_allclose(255 * a.images, b.images, rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": -1}, "epsilon=-1"),
        ({"epsilon": 0}, "epsilon=0"),
        ({"epsilon": float("inf")}, "epsilon=inf"),
        ({"norm": "l1"}, "norm='l1'"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"step_size": 0}, "step_size=0"),
        ({"step_size": "big"}, "step_size='big'"),
        ({"targets": "best"}, "targets='best'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        ak.attacks.PGD(**{"epsilon": 0.1, **arguments})
