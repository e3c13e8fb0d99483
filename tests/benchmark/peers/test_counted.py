import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak

torch = pytest.importorskip("torch")

from advkeras.benchmark.peers import counted  # noqa: E402

BOUNDS = [(0.0, 1.0), (-2.0, 6.0)]


@pytest.fixture(params=BOUNDS, ids=str)
def classifier(request):
    keras.utils.set_random_seed(0)
    chain = [keras.Input((4, 5, 2)), layers.Flatten(), layers.Dense(3)]
    return ak.Classifier(keras.Sequential(chain), bounds=request.param)


@pytest.fixture
def images(classifier):
    shares = np.random.default_rng(0).uniform(size=(6, 4, 5, 2))
    lower, upper = classifier.bounds
    return (lower + (upper - lower) * shares).astype(np.float32)


def test_takes_shares_channels_first(classifier, images):
    model = counted.Counted(classifier)
    inputs = model.inputs(images)
    assert tuple(inputs.shape) == (6, 2, 4, 5)
    assert 0 <= inputs.min() < inputs.max() <= 1
    np.testing.assert_allclose(model.images(inputs), images, atol=1e-6)
    logits = model(inputs).numpy()
    np.testing.assert_allclose(logits, classifier.logits(images), atol=1e-5)


def test_counts(classifier, images):
    model = counted.Counted(classifier)
    inputs = model.inputs(images)
    with torch.no_grad():
        model(inputs)
    model(inputs[:2])
    assert (model.gradients, model.queries) == (0, 8)
    watched = inputs[:3].clone().requires_grad_(True)
    logits = model(watched)
    # Until a gradient is taken, this was asked for its logits alone.
    assert (model.gradients, model.queries) == (0, 11)
    for class_ in range(2):
        torch.autograd.grad(logits[:, class_].sum(), watched, retain_graph=True)
    assert (model.gradients, model.queries) == (6, 8)


def test_attacking(classifier, images):
    """Alike at every call, and each call is counted on its own."""
    labels = classifier.predict(images)

    def attack(model, inputs, goals):
        assert goals.tolist() == labels.tolist()
        watched = inputs.requires_grad_(True)
        torch.autograd.grad(model(watched).sum(), watched)
        model(inputs.detach()[:3])
        return torch.rand_like(inputs).detach()

    run = counted.attacking(attack, classifier, images, labels)
    first, second = run(), run()
    np.testing.assert_array_equal(first.images, second.images)
    lower, upper = classifier.bounds
    assert lower <= first.images.min() < first.images.max() <= upper
    for found in (first, second):
        assert (found.gradient_evaluations, found.queries) == (1, 0.5)


def test_floor_is_the_gradient_of_cross_entropy(classifier, images):
    labels = np.arange(6) % 3
    run = counted.gradient(classifier, images, labels)
    lower, upper = classifier.bounds
    found = run().permute(0, 2, 3, 1).numpy() / (upper - lower)
    probabilities = np.asarray(keras.ops.softmax(classifier.logits(images)))
    weights = classifier.model.layers[-1].kernel.numpy()
    expected = (probabilities - np.eye(3)[labels]) @ weights.T
    np.testing.assert_allclose(found.reshape(6, -1), expected, atol=1e-5)
