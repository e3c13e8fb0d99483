"""A gradient in a loop runs the kernels that it runs alone."""

import functools

import keras
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.benchmark.suites import bare
from tests.attacks.solvers.profile import profiled

SHAPE = (8, 8, 3)
ATTACKS = {
    "climb": ak.attacks.PGD(epsilon=0.1, steps=3),
    "apgd": ak.attacks.APGD(epsilon=0.1, steps=3),
    "nearest": ak.attacks.DDN(steps=3),
    "deepfool": ak.attacks.DeepFool(steps=3),
    "lbfgs": ak.attacks.LBFGS(max_iterations=3, c_rtol=0.5),
}


@pytest.fixture(scope="module")
def pooled():
    """Returns a net with two poolings, and some images."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input(SHAPE)]
    for filters in (4, 8):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
        ]
    layers += [keras.layers.Flatten(), keras.layers.Dense(4)]
    images = tf.random.stateless_uniform((6, *SHAPE), (0, 0))
    return ak.Classifier(keras.Sequential(layers)), images


def kernels(run):
    """Returns which kernels of max-pooling's gradient a second call runs."""
    run()
    _, calls = profiled(run)
    kinds = {name.split(":")[-1] for name in calls}
    return {kind for kind in kinds if kind.endswith("MaxPoolGrad")}


@pytest.mark.parametrize("name", ATTACKS)
def test_max_pooling_has_its_own_kernel(pooled, name):
    """By chance it had another in TensorFlow 2.21, which took 20 times."""
    classifier, images = pooled
    labels = classifier.predict(images)
    gradient = bare.gradient(classifier)
    alone = kernels(lambda: gradient(images, tf.constant(labels)))
    assert len(alone) == 1
    for _ in range(3):  # traces
        fresh = ak.Classifier(classifier.model)
        run = functools.partial(ATTACKS[name], fresh, images, labels)
        assert kernels(run) == alone
