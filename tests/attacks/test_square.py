"""Random search: within its budget, and blind to gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@given(
    epsilon=st.floats(0.01, 1.0),
    queries=st.integers(1, 30),
    seed=st.integers(0, 5),
)
def test_budget_and_box(epsilon, queries, seed):
    classifier = linear()[0]
    images = grey(3, spread=0.5)
    attack = ak.attacks.Square(epsilon, queries)
    result = attack(classifier, images, seed=seed)
    assert (result.linf <= epsilon + 1e-6).all()
    assert result.images.min() >= 0 and result.images.max() <= 1


def test_an_image_is_on_its_own():
    classifier = linear(classes=3)[0]
    images = grey(8)
    attack = ak.attacks.Square(0.05, queries=40)
    whole = attack(classifier, images)
    for order in ([0], [7, 3, 1], list(range(8))[::-1]):
        part = attack(classifier, images[order], batch_size=2)
        np.testing.assert_array_equal(part.images, whole.images[order])
    again = attack(classifier, images)
    np.testing.assert_array_equal(again.images, whole.images)
    other = attack(classifier, images, seed=1)
    assert (other.images != whole.images).any()


def test_it_reaches_what_is_in_reach():
    """With the best change of each pixel known, at twice what that takes."""
    classifier, kernel, _ = linear()
    images = grey(8)
    logits = classifier.logits(images).numpy()
    reach = np.abs(kernel[:, 0] - kernel[:, 1]).sum()
    needed = np.abs(logits[:, 0] - logits[:, 1]) / reach
    attack = ak.attacks.Square(float(2 * needed.max()), queries=300)
    assert attack(classifier, images).success.all()
    attack = ak.attacks.Square(float(0.99 * needed.min()), queries=300)
    assert not attack(classifier, images).success.any()


def test_targets_are_reached():
    classifier = linear(classes=3)[0]
    images = grey(6)
    targets = (classifier.predict(images) + 1) % 3
    attack = ak.attacks.Square(0.5, queries=300)
    result = attack(classifier, images, targets=targets)
    assert (result.predictions == targets)[result.success].all()
    assert result.success.mean() > 0.5


@pytest.mark.parametrize("shape", [(28, 28), (784,), (28, 28, 1)])
def test_any_rank_and_no_gradient(shape):
    """Gradients see nothing of a model that rounds; queries do."""
    net = ak.models.load("m1")
    model = keras.Sequential(
        [
            keras.Input(shape),
            layers.Lambda(tf.round),
            layers.Reshape((28, 28, 1)),
            net,
        ]
    )
    images, labels = ak.datasets.load("mnist5k", "test").sample(32)
    images = images.reshape(-1, *shape)
    with pytest.raises(ValueError, match="must have a gradient"):
        ak.attacks.FGSM(0.6)(model, images, labels)
    result = ak.attacks.Square(0.6, queries=200)(model, images, labels)
    assert result.success.mean() > 0.8


def test_levels_are_kept():
    model = linear()[0].model
    classifier = ak.Classifier(model, levels=11)
    result = ak.attacks.Square(0.25, queries=20)(classifier, grey(4))
    steps = result.images * 10
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)
    assert (result.linf <= 0.2 + 1e-6).all()


def test_it_finds_far_more_than_noise():
    images, labels = ak.datasets.load("mnist5k", "test").sample(64)
    classifier = ak.load("m1")
    noise = ak.attacks.Noise(0.2, kind="sign")(classifier, images, labels)
    found = ak.attacks.Square(0.2, queries=200)(classifier, images, labels)
    assert found.success.mean() > 0.8 > 0.2 > noise.success.mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 0}, "epsilon=0"),
        ({"epsilon": 0.1, "queries": 0}, "queries=0"),
        ({"epsilon": 0.1, "targets": "best"}, "targets='best'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ak.attacks.Square(**arguments)
