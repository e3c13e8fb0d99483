"""Attacks in the modes that a user may have set TensorFlow to."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear

NAMES = (
    *("apgd", "ensemble", "fgsm", "pgd", "lbfgs", "noise", "square"),
    *("ddn", "fmn", "deepfool", "carlini_wagner", "hopskipjump"),
)


def build(name):
    steps = {} if name in ("pgd", "square", "hopskipjump") else {"steps": 20}
    if name in ("apgd", "ensemble"):
        steps = {"steps": 8}
    return ak.attacks.build(name, epsilon=0.1, c_rtol=0.5, queries=9, **steps)


@pytest.fixture
def eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("name", NAMES)
def test_functions_that_run_eagerly(name, request):
    classifier, images = linear(classes=3)[0], grey(5)
    expected = build(name)(classifier, images)
    request.getfixturevalue("eagerly")
    found = build(name)(linear(classes=3)[0], images)
    assert tf.config.functions_run_eagerly()
    np.testing.assert_allclose(found.images, expected.images, atol=1e-6)
    np.testing.assert_array_equal(found.success, expected.success)


@pytest.mark.usefixtures("eagerly")
def test_the_mode_is_as_it_was_after_an_error():
    with pytest.raises(ValueError, match="`labels`"):
        build("fgsm")(linear(classes=3)[0], grey(5), np.full(5, 9))
    assert tf.config.functions_run_eagerly()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", [True, False])
def test_within_a_function_of_the_user_s(name, given):
    attack, (classifier, *_) = build(name), linear(classes=3)
    images = grey(5)

    @tf.function
    def inside(tensor):
        return attack(classifier, tensor if given else images).images

    with pytest.raises(ValueError, match="must be called outside") as caught:
        inside(tf.constant(images))
    # TensorFlow sets before it where in the user's function that was.
    *_, line = str(caught.value).strip().splitlines()
    assert line.strip().startswith("ValueError: an attack must be called out")
    assert len(str(caught.value)) < 1500
