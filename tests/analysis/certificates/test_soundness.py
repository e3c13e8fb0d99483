"""No example that was found lies within what was proved."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.analysis import certificates


def assert_sound(classifier, images, counts):
    """Attacks as near as it can, and compares.

    Args:
        classifier: The model.
        images: To attack.
        counts: Method -> how many of the images to certify by it.
    """
    classes = classifier.predict(images)
    found = nearest_found(classifier, images, classes)
    gradient = runner_up_gradient(classifier, images, classes)
    random = np.random.default_rng(0)
    for method, count in counts.items():
        safe = certificates.radii(
            classifier, images[:count], method, batch_size=64
        )
        assert (safe > 0).mean() > 0.8, method
        assert (found[:count] > safe).all(), method
        # On the sphere itself: up the gradient of the runner-up, at random.
        noise = random.normal(size=(3, count, *images.shape[1:]))
        for step in (gradient[:count], *noise):
            assert_keeps(
                classifier, images[:count], classes[:count], safe, step
            )


def nearest_found(classifier, images, classes):
    """L2 distance of the nearest example that any attack found, (n,)."""
    attacks = [ak.attacks.LBFGS()]
    for epsilon in (0.002, 0.01, 0.05):
        attacks.append(ak.attacks.FGSM(epsilon=epsilon))
        attacks.append(ak.attacks.PGD(epsilon=epsilon, steps=10))
    found = np.full(len(images), np.inf)
    for attack in attacks:
        result = attack(classifier, images, classes)
        changed = result.predictions != classes
        found = np.where(changed, np.minimum(found, result.l2), found)
    assert np.isfinite(found).mean() > 0.9  # or nothing is tested
    return found


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


@pytest.mark.parametrize("name", ["linear", "deep"])
def test_no_example_within_the_radius(classifiers, test_digits, name):
    counts = dict.fromkeys(certificates.METHODS, 16)
    assert_sound(classifiers[name], test_digits.images[:16], counts)


@pytest.mark.parametrize(
    "method",
    ["pairwise", "interval", pytest.param("crown", marks=pytest.mark.slow)],
)
def test_no_example_within_the_radius_of_a_convolutional_net(
    test_digits, method
):
    classifier = ak.load("conv-mnist")
    images = test_digits.images[:2]
    safe = certificates.radii(classifier, images, method)
    assert (safe > 0).all()
    step = runner_up_gradient(classifier, images, classifier.predict(images))
    assert_keeps(classifier, images, classifier.predict(images), safe, step)


@pytest.mark.slow
@pytest.mark.tfds
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("fc10-1e-4", {"pairwise": 4000, "crown": 4000}),
        ("m1", {"lipschitz": 2000, "pairwise": 2000, "interval": 500}),
        ("m1", {"crown": 128}),
        ("fc100-100-10", {"pairwise": 2000, "crown": 64}),
        ("fc200-200-10", {"pairwise": 1000, "crown": 64}),
        ("ae400-10", {"pairwise": 256, "crown": 64}),
        ("conv-mnist", {"pairwise": 64, "interval": 32}),
    ],
)
def test_no_example_within_the_radius_of_thousands(tfds_dir, name, counts):
    count = max(counts.values())
    images = ak.datasets.load("mnist", f"test[:{count}]").images
    assert_sound(ak.load(name), images, counts)
