"""L-BFGS toward the nearest class, against closed forms and against all."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.attacks.solvers import rivals
from advkeras.attacks.solvers import walk
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear

NEAREST = ak.attacks.LBFGS(targets="nearest")


def distances(kernel, bias, images, labels):
    """Returns how far a linear model's images lie from each class, exactly."""
    logits = images.reshape(len(images), -1) @ kernel + bias
    every = np.arange(len(images))
    lead = logits[every, labels][:, None] - logits
    slope = np.linalg.norm(kernel.T[labels][:, None] - kernel.T[None], axis=2)
    slope[every, labels] = 1
    lead[every, labels] = np.inf
    return lead / slope


@pytest.mark.parametrize("solver", ["batched", "scipy"])
def test_the_nearest_class_of_a_linear_model(solver):
    # Steep: else the cross-entropy at the edge is of other classes, too.
    classifier, kernel, bias = linear(classes=6, scale=200.0)
    images = grey(12)
    labels = classifier.predict(images)
    attack = ak.attacks.LBFGS("nearest", solver=solver, c_rtol=1e-3)
    result = attack(classifier, images)
    exact = distances(kernel, bias, images, labels)
    assert result.success.all()
    assert result.targets is None
    assert result.predictions.tolist() == exact.argmin(axis=1).tolist()
    np.testing.assert_allclose(result.l2, exact.min(axis=1), rtol=0.01)
    assert (result.l2 >= exact.min(axis=1) * (1 - 1e-4)).all()


def test_batches_of_one_three_and_eight_agree():
    classifier, *_ = linear(classes=4)
    images = grey(8)
    whole = NEAREST(classifier, images, batch_size=8)
    for size in (1, 3):
        parts = NEAREST(classifier, images, batch_size=size)
        assert parts.predictions.tolist() == whole.predictions.tolist()
        np.testing.assert_allclose(parts.images, whole.images, atol=1e-3)


def test_as_near_as_all_classes_for_a_quarter_of_the_gradients(test_digits):
    m1 = ak.load("m1")
    images, labels = test_digits.images[:40], test_digits.labels[:40]
    right = m1.predict(images) == labels
    images, labels = images[right], labels[right]
    others = [
        ak.attacks.LBFGS()(m1, images, labels, (labels + k) % 10)
        for k in range(1, 10)
    ]
    result = NEAREST(m1, images, labels)
    lengths = np.stack([other.l2 for other in others])
    assert (result.l2 <= 1.02 * lengths.min(axis=0)).all()
    used = sum(other.gradient_evaluations for other in others)
    assert result.gradient_evaluations.mean() < used.mean() / 4
    assert (result.classes_asked < 9).all()
    assert result.classes_asked.mean() > 1


def test_images_that_are_misread_need_no_change():
    classifier, *_ = linear(classes=3)
    images = grey(4)
    labels = (classifier.predict(images) + 1) % 3
    result = NEAREST(classifier, images, labels)
    assert result.success.all()
    assert (result.l2 == 0).all()
    assert result.classes_asked.tolist() == [0, 0, 0, 0]
    assert set(result.stop) == {"none"}


def test_only_the_likeliest_classes_are_weighed():
    classifier, kernel, bias = linear(classes=6, scale=5.0)
    images = grey(12)
    logits = images.reshape(12, -1) @ kernel + bias
    runner_up = np.argsort(logits, axis=1)[:, -2]
    attack = ak.attacks.LBFGS("nearest", candidates=1)
    result = attack(classifier, images)
    assert result.predictions.tolist() == runner_up.tolist()
    assert (result.classes_asked == 1).all()


def test_bounds_do_not_matter():
    model = linear(classes=4, scale=10.0)[0].model
    scaled = keras.Sequential(
        [keras.Input(SHAPE), layers.Rescaling(1 / 255), model]
    )
    images = grey(5)
    ours = NEAREST(ak.Classifier(model), images)
    theirs = NEAREST(ak.Classifier(scaled, bounds=(0, 255)), 255 * images)
    assert theirs.predictions.tolist() == ours.predictions.tolist()
    np.testing.assert_allclose(theirs.distortion, ours.distortion, rtol=0.01)


def test_where_nothing_climbs_it_says_so():
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Flatten(),
            layers.Dense(3, kernel_initializer="zeros"),
        ]
    )
    images = grey(3)
    result = NEAREST(ak.Classifier(model), images)
    assert not result.success.any()
    assert set(result.stop) == {"flat"}
    np.testing.assert_array_equal(result.images, images)


def test_what_went_a_winding_way_is_walked_on_from(test_digits, monkeypatch):
    """Nearer than any solve for a class; no farther where the walk fails."""
    net = ak.load("conv-mnist")
    images, labels = test_digits.images[:12], test_digits.labels[:12]
    walked = NEAREST(net, images, labels)
    monkeypatch.setattr(rivals, "_WINDING", np.inf)
    solved = NEAREST(net, images, labels)
    on = walked.stop == "walked"
    assert on.any() and walked.success.all()
    assert (walked.l2[on] < solved.l2[on]).all()
    assert walked.l2.mean() < 0.99 * solved.l2.mean()
    np.testing.assert_array_equal(walked.images[~on], solved.images[~on])
    np.testing.assert_array_equal(walked.c, solved.c)
    more = walked.gradient_evaluations - solved.gradient_evaluations
    assert set(more) <= {0, walk.STEPS} and (more[on] == walk.STEPS).all()


def test_a_walk_from_afar_ends_at_the_edge_of_a_linear_model():
    classifier, kernel, bias = linear(classes=4, scale=5.0)
    images = grey(6)
    labels = classifier.predict(images)
    exact = distances(kernel, bias, images, labels).min(axis=1)
    far = NEAREST(classifier, images, labels).images
    far = (images + 1.5 * (far - images)).astype(np.float32)
    places, found = walk.walked(classifier, images, far, labels, 4)
    assert found.all()
    assert (classifier.predict(places) != labels).all()
    length = np.linalg.norm((places - images).reshape(6, -1), axis=1)
    np.testing.assert_allclose(length, exact, rtol=0.01)
