"""Noise: within its size, of its kind, and no better than chance."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 2), st.sampled_from(["uniform", "sign"]), st.booleans())
def test_the_budget_and_the_box(epsilon, kind, clip):
    (model, _, _), images = linear(), grey(4)
    result = ak.attacks.Noise(epsilon, kind, clip)(model, images, [0] * 4)
    moved = np.abs(result.perturbation)
    assert moved.max() <= epsilon * (1 + 1e-5)
    if clip:
        assert 0 <= result.images.min() <= result.images.max() <= 1
    elif kind == "sign":
        np.testing.assert_allclose(moved, epsilon, rtol=1e-4)


@pytest.mark.parametrize("kind", ["uniform", "sign"])
def test_levels_do_not_take_it_beyond_its_budget(kind):
    classifier = ak.Classifier(linear()[0].model, levels=256)
    result = ak.attacks.Noise(0.006, kind)(classifier, grey(4), [0] * 4)
    # 1.53 steps of 1 / 255: the nearest level would be two away.
    assert result.linf == pytest.approx(1 / 255, rel=1e-4)


def test_uniform_noise_has_the_moments_of_its_kind():
    images = np.full((50, 28, 28, 1), 0.5, np.float32)
    images += np.arange(50).reshape(-1, 1, 1, 1) * 1e-4  # of no two the same
    for kind, deviation in (("uniform", 0.3 / 3**0.5), ("sign", 0.3)):
        noise = ak.attacks.Noise(0.3, kind)
        made = noise.generate(
            ak.Classifier(ak.models.build("fc10")), images, None, None, 50, 0
        ).images
        moved = made - images
        assert abs(moved.mean()) < 4 * deviation / moved.size**0.5
        assert moved.std() == pytest.approx(deviation, rel=0.02)


def test_of_an_image_it_depends_on_the_image_and_the_seed_alone():
    (model, _, _), images = linear(), grey(6)
    noise = ak.attacks.Noise(0.1)
    whole = noise(model, images, [0] * 6).images
    parts = noise(model, images[::-1], [0] * 6, batch_size=2).images[::-1]
    np.testing.assert_array_equal(whole, parts)
    other = noise(model, images, [0] * 6, seed=1).images
    assert np.abs(whole - other).max() > 0.01


@pytest.mark.parametrize("kind", ["uniform", "sign"])
def test_in_a_training_step(kind):
    images = tf.fill((3, 28, 28, 1), 0.5)
    net = ak.Classifier(ak.models.build("fc10"))
    noise = ak.attacks.Noise(0.2, kind)
    assert not noise.leaves_graph()
    draw = tf.function(lambda seed: noise.on_tensors(net, images, None, seed))
    first, again, other = (
        draw(tf.constant(seed)).numpy() for seed in ([0, 1], [0, 1], [0, 2])
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    sizes = np.abs(first - 0.5)
    assert sizes.max() <= 0.2 + 1e-6
    assert (sizes.min() > 0.19) == (kind == "sign")


def test_it_fools_less_than_the_gradient_s_sign(digits):
    model = ak.load("fc100-100-10")
    images, labels = digits.images[:200], digits.labels[:200]
    error = {
        attack: attack(model, images, labels).success.mean()
        for attack in (
            ak.attacks.FGSM(0.2),
            ak.attacks.Noise(0.2),
            ak.attacks.Noise(0.2, "sign"),
        )
    }
    fgsm, *noise = error.values()
    assert max(noise) < 0.4 < 0.9 < fgsm


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epsilon": 0}, "`epsilon` must"),
        ({"epsilon": float("nan")}, "`epsilon` must"),
        ({"epsilon": 0.1, "kind": "normal"}, "`kind` must be one of"),
    ],
)
def test_bad_input(options, said):
    with pytest.raises(ValueError, match=said):
        ak.attacks.Noise(**options)
