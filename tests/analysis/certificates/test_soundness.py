"""No example that was found lies within what was proved."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.analysis import certificates


def assert_sound(classifier, images, method, **settings):
    """Attacks as near as it can, and compares; returns the radii."""
    safe = certificates.radii(classifier, images, method, **settings)
    classes = classifier.predict(images)
    attacks = [ak.attacks.LBFGS()]
    for epsilon in (0.002, 0.01, 0.05):
        attacks.append(ak.attacks.FGSM(epsilon=epsilon))
        attacks.append(ak.attacks.PGD(epsilon=epsilon, steps=10))
    for attack in attacks:
        result = attack(classifier, images, classes)
        changed = result.predictions != classes
        assert not (result.l2 <= safe)[changed].any(), attack
    # On the sphere itself: at random, and up the gradient of the runner-up.
    random = np.random.default_rng(0)
    for _ in range(3):
        step = random.normal(size=images.shape)
        assert_keeps(classifier, images, classes, safe, step)
    step = runner_up_gradient(classifier, images, classes)
    assert_keeps(classifier, images, classes, safe, step)
    return safe


def assert_keeps(classifier, images, classes, safe, step):
    """Says that the class is the same at the radius, whatever the pixels."""
    length = np.linalg.norm(step.reshape(len(step), -1), axis=1)
    scale = np.minimum(safe, 1e3) * (1 - 1e-6) / length
    moved = images + scale[:, None, None, None] * step
    moved = moved.astype(np.float32)
    found = classifier.predict(moved, within_bounds=False)
    np.testing.assert_array_equal(found, classes)


def runner_up_gradient(classifier, images, classes):
    rows = np.arange(len(images))
    with tf.GradientTape() as tape:
        x = tf.Variable(images)
        z = classifier.logits(x)
        other = z.numpy()
        other[rows, classes] = -np.inf
        gap = tf.gather(z, other.argmax(1), batch_dims=1) - tf.gather(
            z, classes, batch_dims=1
        )
    return np.asarray(tape.gradient(gap, x), np.float64)


@pytest.mark.parametrize("method", certificates.METHODS)
@pytest.mark.parametrize("name", ["linear", "deep"])
def test_no_example_within_the_radius(classifiers, test_digits, name, method):
    safe = assert_sound(classifiers[name], test_digits.images[:24], method)
    assert (safe > 0).mean() > 0.9


@pytest.mark.parametrize(
    "method",
    ["pairwise", "interval", pytest.param("crown", marks=pytest.mark.slow)],
)
def test_no_example_within_the_radius_of_a_convolutional_net(
    test_digits, method
):
    classifier = ak.Classifier.load("conv-mnist")
    images = test_digits.images[:2]
    safe = certificates.radii(classifier, images, method)
    assert (safe > 0).all()
    step = runner_up_gradient(classifier, images, classifier.predict(images))
    assert_keeps(classifier, images, classifier.predict(images), safe, step)


@pytest.mark.slow
@pytest.mark.tfds
@pytest.mark.parametrize(
    ("name", "method", "count"),
    [
        ("fc10-1e-4", "pairwise", 4000),
        ("fc10-1e-4", "crown", 4000),
        ("m1", "lipschitz", 2000),
        ("m1", "pairwise", 2000),
        ("m1", "interval", 1000),
        ("m1", "crown", 128),
        ("fc100-100-10", "pairwise", 2000),
        ("fc100-100-10", "crown", 128),
        ("fc200-200-10", "pairwise", 1000),
        ("ae400-10", "crown", 64),
        ("conv-mnist", "pairwise", 256),
    ],
)
def test_no_example_within_the_radius_of_thousands(
    tfds_dir, name, method, count
):
    classifier = ak.Classifier.load(name)
    images = ak.datasets.load("mnist", f"test[:{count}]").images
    safe = assert_sound(classifier, images, method, batch_size=64)
    assert (safe > 0).mean() > 0.8
