"""FMN: its first step by hand; the rest is in test_nearest."""

import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


# A step so long that the ball, and not the step, says where it ends: of linf
# beyond the box, of l2, which then would point elsewhere, within it.
@pytest.mark.parametrize(
    ("norm", "dual", "step"), [("linf", 1, 1e4), ("l2", 2, 0.4)]
)
def test_one_step_goes_a_little_beyond_a_flat_boundary(norm, dual, step):
    classifier, kernel, bias = linear()
    images = grey(4)
    labels = classifier.predict(images)
    z = images.reshape(4, 16) @ kernel + bias
    way = (kernel[:, 1] - kernel[:, 0]) * np.where(labels, -1, 1)[:, None]
    far = 1.1 * np.abs(z[:, 1] - z[:, 0]) / np.linalg.norm(way, dual, axis=1)
    attack = ak.attacks.FMN(norm, steps=1, gamma=0.1, step_size=step)
    result = attack(classifier, images, labels)
    assert result.success.all()
    size = {"l2": result.l2, "linf": result.linf}[norm]
    np.testing.assert_allclose(size, far, rtol=1e-4)
    signs = np.sign(result.perturbation.reshape(4, 16))
    np.testing.assert_array_equal(signs, np.sign(way))
    assert result.gradient_evaluations.tolist() == [1, 1, 1, 1]


def test_what_the_box_cuts_off_uses_up_no_ball():
    """One pixel at its bound pulls most; the other has to do all."""
    classifier, _, _ = linear()
    kernel = np.zeros((16, 2))
    kernel[:2, 1] = (-10, 1)
    classifier.model.layers[-1].set_weights([kernel, np.array([0.0, -0.3])])
    images = np.zeros((1, 4, 4, 1), np.float32)
    for norm in ("l2", "l1"):
        result = ak.attacks.FMN(norm, steps=60)(classifier, images, [0])
        assert result.success.all()
        changed = result.perturbation.ravel()
        assert 0.3 < changed[1] < 0.303
        assert np.count_nonzero(changed) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "l3"}, "norm='l3'"),
        ({"gamma": 0}, "gamma=0"),
        ({"gamma": 1}, "gamma=1"),
        ({"step_size": 0}, "step_size=0"),
        ({"step_size": "long"}, "step_size='long'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"^.*Received: {message}$"):
        ak.attacks.FMN(**arguments)
