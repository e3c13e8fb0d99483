"""DeepFool: its step by hand; the rest is in test_nearest."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize(("norm", "order"), [("l2", 2), ("linf", np.inf)])
def test_one_step_crosses_a_flat_boundary(norm, order, bounds):
    """In the units of the images, and not once more times their range."""
    classifier, kernel, bias = linear()
    wide = keras.models.clone_model(classifier.model)
    wide.layers[-1].set_weights([kernel / bounds[1], bias])
    images = grey(6) * np.float32(bounds[1])
    result = ak.attacks.DeepFool(norm)(ak.Classifier(wide, bounds), images)
    assert result.success.all()
    # One candidate, one step, and the answer that it crossed.
    assert result.gradient_evaluations.tolist() == [2] * 6
    z = grey(6).reshape(6, 16) @ kernel + bias
    way = (kernel[:, 1] - kernel[:, 0]) / bounds[1]
    dual = {2: 2, np.inf: 1}[order]
    far = np.abs(z[:, 1] - z[:, 0]) / np.linalg.norm(way, dual)
    found = result.l2 if norm == "l2" else result.linf
    np.testing.assert_allclose(found, far, rtol=2e-3)


def test_pixels_at_a_bound_take_no_part():
    classifier, _, _ = linear()
    kernel = np.zeros((16, 2))
    kernel[:2, 1] = (-10, 1)
    classifier.model.layers[-1].set_weights([kernel, np.array([0.0, -0.3])])
    result = ak.attacks.DeepFool()(classifier, np.zeros((1, 4, 4, 1)), [0])
    assert result.success.all()
    assert result.gradient_evaluations.tolist() == [2]
    changed = result.perturbation.ravel()
    assert 0.3 < changed[1] < 0.3006
    assert np.count_nonzero(changed) == 1


def test_candidates_are_those_of_largest_logits():
    """The boundary to the third class is nearer, and not looked at."""
    model = keras.Sequential([keras.Input((2, 1)), layers.Flatten()])
    model.add(layers.Dense(3))
    kernel = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 9.0]])
    model.layers[-1].set_weights([kernel, np.array([1.0, 0.4, -4.0])])
    images = np.full((1, 2, 1), 0.5, np.float32)  # logits 1, 0.9, 0.5
    one, both = (
        ak.attacks.DeepFool(candidates=n)(model, images, [0]) for n in (1, 9)
    )
    assert (one.predictions[0], both.predictions[0]) == (1, 2)
    assert one.gradient_evaluations[0] == 2
    assert both.gradient_evaluations[0] == 4
    np.testing.assert_allclose(one.l2, 0.1, rtol=2e-3)
    np.testing.assert_allclose(both.l2, 0.5 / 9, rtol=3e-3)


def test_a_target_is_one_candidate():
    classifier, images = linear(classes=4)[0], grey(5)
    labels = classifier.predict(images)
    result = ak.attacks.DeepFool(targets="next")(classifier, images, labels)
    assert (result.predictions == result.targets).all()
    others = ak.attacks.DeepFool()(classifier, images, labels)
    assert (others.gradient_evaluations % 3 == 0).all()
    assert (others.l2 <= result.l2 * 1.002).all()


def test_projected_it_is_nearer(test_digits):
    m1, (images, labels) = ak.load("m1"), test_digits.sample(40)
    plain, result = (
        ak.attacks.DeepFool(candidates=4, project=project)(m1, images, labels)
        for project in (False, True)
    )
    assert plain.success.all()
    assert result.success.all()
    assert result.l2.mean() < 0.99 * plain.l2.mean()
    assert (result.l2 <= plain.l2 * 1.002).all()
    assert (result.gradient_evaluations >= plain.gradient_evaluations).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "l1"}, "norm='l1'"),
        ({"candidates": 0}, "candidates=0"),
        ({"overshoot": -0.1}, "overshoot=-0.1"),
        ({"project": "yes"}, "project='yes'"),
        ({"norm": "linf", "project": True}, "project=True, norm='linf'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"^.*Received: {message}$"):
        ak.attacks.DeepFool(**arguments)
