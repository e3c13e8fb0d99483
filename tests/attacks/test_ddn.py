"""DDN: its first steps by hand; the rest is in test_nearest."""

import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def test_one_step_is_of_the_first_norm_along_the_gradient():
    classifier, kernel, _ = linear()
    images = grey(4)
    labels = classifier.predict(images)
    # Below the distance to the boundary: none is an example, all go as far.
    result = ak.attacks.DDN(steps=1, init_norm=1e-4)(classifier, images, labels)
    assert not result.success.any()
    way = (kernel[:, 1] - kernel[:, 0]) * np.where(labels, -1, 1)[:, None]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    np.testing.assert_allclose(
        result.perturbation.reshape(4, 16), 1.05e-4 * way, atol=2e-7
    )
    assert result.gradient_evaluations.tolist() == [1, 1, 1, 1]


def test_the_norm_shrinks_on_examples_and_grows_on_others():
    """From 1, which fools all: 0.95 of it a step, up to the boundary."""
    classifier, kernel, bias = linear()
    images = grey(6)
    labels = classifier.predict(images)
    z = images.reshape(6, 16) @ kernel + bias
    exact = np.abs(z[:, 1] - z[:, 0]) / np.linalg.norm(
        kernel[:, 1] - kernel[:, 0]
    )
    for steps in (2, 5):
        attack = ak.attacks.DDN(steps=steps, gamma=0.1, init_norm=0.3)
        result = attack(classifier, images, labels)
        # The first step asks at the image itself, which is no example.
        norms = 0.3 * 1.1 * 0.9 ** np.arange(steps)
        fools = norms[None] > exact[:, None]
        assert fools[:, 0].all()
        last = norms[fools.sum(1) - 1]
        np.testing.assert_allclose(result.l2, last, rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": 0}, "gamma=0"),
        ({"gamma": 1.0}, "gamma=1.0"),
        ({"gamma": -0.1}, "gamma=-0.1"),
        ({"gamma": "much"}, "gamma='much'"),
        ({"init_norm": 0}, "init_norm=0"),
        ({"init_norm": float("nan")}, "init_norm=nan"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"^.*Received: {message}$"):
        ak.attacks.DDN(**arguments)
