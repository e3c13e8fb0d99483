"""A model that we did not build: softmax head, BatchNorm, bounds (0, 255)."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(
        weights=None, classes=10, input_shape=(32, 32, 3)
    )
    # Fresh BatchNorm statistics shrink all signals to nothing (logits of
    # 1e-17); one pass over noise makes it a net that has opinions.
    noise = np.random.default_rng(1).uniform(0, 255, (64, 32, 32, 3))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(noise.astype(np.float32), training=True)
    return ak.Classifier(model, bounds=(0, 255))


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (6, 32, 32, 3)).astype(np.float32)


def trace_counts(classifier):
    """Of what is a tf.function; the batched solver's own are tested with it."""
    return {
        key: function.experimental_get_tracing_count()
        for key, function in classifier._compiled.items()
        if hasattr(function, "experimental_get_tracing_count")
    }


@pytest.mark.slow
def test_attacked_without_tracing_again(classifier, images):
    attack = ak.attacks.FGSM(epsilon=8)
    first = attack(classifier, images)
    assert set(trace_counts(classifier).values()) == {1}
    second = attack(classifier, images[:4])
    ak.attacks.FGSM(epsilon=2)(classifier, images)
    assert set(trace_counts(classifier).values()) == {1}
    np.testing.assert_allclose(second.images, first.images[:4], atol=1e-3)
    assert (first.linf <= 8).all()
    assert first.images.min() >= 0
    assert first.images.max() <= 255


@pytest.mark.slow
def test_softmax_of_logits_is_its_output(classifier, images):
    np.testing.assert_allclose(
        tf.nn.softmax(classifier.logits(tf.constant(images))),
        classifier.model(images, training=False),
        atol=1e-6,
    )


@pytest.mark.slow
def test_smallest_changes(classifier, images):
    before = [w.copy() for w in classifier.model.get_weights()]
    attack = ak.attacks.LBFGS(c_rtol=0.5, max_iterations=50)
    result = attack(classifier, images[:2])
    assert result.success.all()
    assert (result.distortion < 0.1).all()
    # The reference computes convolutions in float32 too.
    attack = dataclasses.replace(attack, solver="scipy")
    attack(classifier, images[2:4])
    assert classifier._double is None
    assert set(trace_counts(classifier).values()) == {1}
    for a, b in zip(before, classifier.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
