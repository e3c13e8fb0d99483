"""The square attack: optima of linear models, and no need of a gradient."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from advkeras.attacks import square
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@functools.cache
def flat(shape=SHAPE, levels=None):
    """The linear model, of images of any shape: they are traced once."""
    _, kernel, bias = linear()
    model = keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(2)]
    )
    model.layers[-1].set_weights([kernel, bias])
    return ak.Classifier(model, levels=levels)


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize(
    "shape", [SHAPE, (16,), (4, 4), (2, 8), (4, 2, 2), (2, 2, 4, 1)]
)
def test_linear_linf_reaches_the_optimum(shape, targeted):
    """Margin m, rows w apart: only beyond |m| / |w|_1 there is an example."""
    classifier, (_, kernel, _) = flat(shape), linear()
    images = grey(8).reshape(8, *shape)
    labels = classifier.predict(images)
    way = (kernel[:, 1] - kernel[:, 0]).reshape(shape)
    up = np.where(labels == 0, 1, -1).reshape(-1, *(1 for _ in shape))
    z = np.asarray(classifier.logits(images))
    needed = np.abs(z[:, 1] - z[:, 0]) / np.abs(way).sum()
    epsilon = np.sort(needed)[3:5].mean()

    result = ak.attacks.Square(epsilon, queries=500)(
        classifier, images, labels, 1 - labels if targeted else None
    )
    assert result.success.tolist() == (needed < epsilon).tolist()
    failed = ~result.success
    best = images + epsilon * up * np.sign(way)
    np.testing.assert_allclose(result.images[failed], best[failed], atol=1e-6)
    assert (result.queries[failed] == 500).all()
    assert (result.queries[result.success] < 500).all()
    assert (result.gradient_evaluations == 0).all()


def test_the_first_query_is_stripes():
    classifier, images = flat((2, 4, 2)), grey(8).reshape(8, 2, 4, 2)
    moved = ak.attacks.Square(0.1, queries=1)(classifier, images)
    signs = moved.perturbation / 0.1
    np.testing.assert_allclose(np.abs(signs), 1, rtol=1e-4)
    assert (np.ptp(signs, axis=1) < 1e-3).all()  # the same down a column
    rows = np.rint(signs[:, 0])
    assert len({row.tobytes() for row in rows}) == 8  # else anything goes
    assert abs(rows.mean()) < 0.3
    assert (rows[..., 0] != rows[..., 1]).any()
    assert (moved.queries == 1).all()


def test_what_is_known_is_not_asked_again():
    """One pixel has two ends: stripes are at one, so the next is the other."""
    model = keras.Sequential([keras.Input((1, 1, 1)), layers.Flatten()])
    model.add(layers.Dense(2))
    model.layers[-1].set_weights([np.array([[0.0, 3.0]]), np.array([0, -1.5])])
    images = np.linspace(0.41, 0.49, 16, dtype=np.float32).reshape(16, 1, 1, 1)
    attack = ak.attacks.Square(0.1, queries=2)
    result = attack(model, images, np.zeros(16, int))
    assert result.success.all()
    assert set(result.queries.tolist()) == {1, 2}


def _both_or_nothing(images):
    steps = tf.floor(tf.reduce_sum(images, axis=1) / 1.1)
    return tf.stack([0.5 + 0 * steps, steps], axis=1)


def test_it_crosses_a_plateau():
    """One pixel of two alone changes nothing: 0.8, 1.0 and 1.2 by 1.1."""
    given = keras.Input((2,))
    model = keras.Model(given, layers.Lambda(_both_or_nothing)(given))
    images = grey(1).reshape(16, 1) / 10 + 0.45
    images = np.repeat(images, 2, axis=1).astype(np.float32)
    attack = ak.attacks.Square(0.1, queries=60, p_init=0.0)
    result = attack(model, images, np.zeros(16, int))
    assert result.success.all()
    assert (result.perturbation > 0.09).all()


def test_squares_halve_in_area_at_shares_of_the_queries():
    sizes = square._sizes((28, 28, 1), 9999, 0.8)
    # sqrt(0.8 * 784) = 25.04, and after 10 and 8000 of 10000 queries
    # sqrt(0.8 * 784 / 2) = 17.7 and sqrt(0.8 * 784 / 256) = 1.6.
    assert sizes[[0, 9, 10, 9998]].tolist() == [[s, s] for s in (25, 25, 18, 2)]
    few = square._sizes((28, 28, 1), 99, 0.8)
    assert (few == sizes[99::100]).all()
    # What one side is too short for goes to the other: 0.8 * 16 / 2 = 6.4.
    assert square._sizes((2, 8, 3), 999, 0.8)[0].tolist() == [2, 6]
    assert square._sizes((1, 784, 1), 999, 0.8)[0].tolist() == [1, 627]
    assert square._sizes((3, 5, 1), 9, 0.0).tolist() == 9 * [[1, 1]]


def test_where_the_model_errs_already_nothing_is_asked():
    classifier, images = flat(), grey(6)
    wrong = 1 - classifier.predict(images)
    result = ak.attacks.Square(0.1, queries=9)(classifier, images, wrong)
    assert result.success.all()
    assert (result.queries == 0).all()
    np.testing.assert_array_equal(result.images, images)


@given(
    epsilon=st.floats(1 / 255, 3.0),
    levels=st.sampled_from((None, 256)),
    seed=st.integers(0, 1000),
)
def test_budget_box_and_levels(epsilon, levels, seed):
    images = np.random.default_rng(seed).random((5, *SHAPE), np.float32)
    attack = ak.attacks.Square(epsilon, queries=12)
    result = attack(flat(levels=levels), images, seed=seed)
    assert 0 <= result.images.min() <= result.images.max() <= 1
    assert (result.linf <= epsilon + 2e-6).all()
    if levels:
        steps = 255 * result.images.astype(np.float64)
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


def test_levels_wider_than_epsilon_are_said():
    with pytest.raises(ValueError, match=r"one step.*epsilon=0\.1"):
        ak.attacks.Square(0.1, 5)(flat(levels=6), grey(4))


def test_neither_batch_nor_neighbours_matter():
    classifier, images = flat(), grey(8)
    labels = classifier.predict(images)
    attack = ak.attacks.Square(0.04, queries=60)

    def run(order, batch_size, seed=3):
        found = attack(
            classifier, images[order], labels[order], None, batch_size, seed
        )
        back = np.argsort(order)
        return found.images[back], found.queries[back]

    whole, queries = run(np.arange(8), 8)
    assert len(set(queries.tolist())) > 2
    for order in (np.arange(8), np.arange(8)[::-1], np.roll(np.arange(8), 3)):
        for batch_size in (1, 3, 8):
            again, same = run(order, batch_size)
            np.testing.assert_array_equal(again, whole)
            np.testing.assert_array_equal(same, queries)
    other, _ = run(np.arange(8), 8, seed=4)
    assert np.abs(other - whole).max() > 0.01


def test_traced_once_for_all_sizes_and_batches():
    classifier = linear(seed=1)[0]
    for attack in (
        ak.attacks.Square(0.1, queries=1),
        ak.attacks.Square(0.2, queries=7, p_init=0.3),
    ):
        for n in (1, 5):
            attack(classifier, grey(n))
    search = classifier._compiled["square", False]
    assert search.experimental_get_tracing_count() == 1


class Rounded(layers.Layer):
    """Rounds to eighths; its gradient is zero everywhere."""

    def call(self, images):
        return tf.round(8 * images) / 8 + 0 * images


def test_without_a_gradient_it_fools_what_fgsm_does_not(test_digits):
    inner = ak.load("m1").model
    given = keras.Input(inner.input_shape[1:])
    masked = ak.Classifier(keras.Model(given, inner(Rounded()(given))))
    images, labels = test_digits.sample(50)
    one = ak.attacks.FGSM(0.2)(masked, images, labels)
    assert (one.perturbation == 0).all()
    result = ak.attacks.Square(0.2, queries=200)(masked, images, labels)
    assert one.success.mean() < 0.1 < 0.8 < result.success.mean()


def test_a_model_of_integers():
    given = keras.Input(SHAPE, dtype="uint8")
    hidden = layers.Flatten()(layers.Rescaling(1 / 255)(given))
    model = keras.Model(given, layers.Dense(2)(hidden))
    _, kernel, bias = linear()
    model.layers[-1].set_weights([kernel, bias])
    classifier = ak.Classifier(model, (0, 255), levels=256)
    images = np.rint(255 * grey(6))
    result = ak.attacks.Square(51, queries=100)(classifier, images)
    assert result.success.all()
    assert result.linf.tolist() == 6 * [51]
    assert len(ak.attacks.Noise(51)(classifier, images)) == 6


def test_on_a_trained_net_it_fools_far_more_than_noise(test_digits):
    model, (images, labels) = ak.load("m1"), test_digits.sample(100)
    noise = ak.attacks.Noise(0.2, "sign")(model, images, labels)
    result = ak.attacks.Square(0.2, queries=200)(model, images, labels)
    assert noise.success.mean() < 0.2 < 0.9 < result.success.mean()
    fewer = ak.attacks.Square(0.2, queries=20)(model, images, labels)
    assert fewer.success.mean() < result.success.mean()
    assert (result.success | (result.queries == 200)).all()


def test_targets_by_a_rule(test_digits):
    model, (images, labels) = ak.load("m1"), test_digits.sample(40)
    attack = ak.attacks.Square(0.3, queries=300, targets="next")
    result = attack(model, images, labels)
    assert (result.success == (result.predictions == result.targets)).all()
    assert result.success.mean() > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 0}, "epsilon=0"),
        ({"epsilon": float("nan")}, "epsilon=nan"),
        ({"queries": 0}, "queries=0"),
        ({"queries": 2.5}, "queries=2.5"),
        ({"p_init": 1.5}, "p_init=1.5"),
        ({"targets": "best"}, "targets='best'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        ak.attacks.Square(**{"epsilon": 0.1, **arguments})
