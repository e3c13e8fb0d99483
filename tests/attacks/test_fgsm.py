import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from advkeras.attacks import norms
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def norm_of(perturbation, norm):
    flat = np.abs(perturbation.reshape(len(perturbation), -1))
    return {
        "linf": flat.max(axis=1),
        "l2": np.sqrt((flat**2).sum(axis=1)),
        "l1": flat.sum(axis=1),
    }[norm]


def test_hand_computed_step():
    """z = (2a - 3b + d, 0) for pixels (a, b, c, d); the label is 0.

    The loss falls with z0, so its gradient has the signs (-, +, 0, -): the
    pixel without weight is left alone.
    """
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)]
    )
    kernel = np.array([[2.0, 0], [-3.0, 0], [0, 0], [1.0, 0]], np.float32)
    model.layers[-1].set_weights([kernel, np.zeros(2, np.float32)])
    x = np.array([0.9, 0.2, 0.5, 0.05], np.float32).reshape(1, 2, 2, 1)
    result = ak.attacks.FGSM(0.1, clip=False)(model, x, [0])
    np.testing.assert_allclose(
        result.images.ravel(), [0.8, 0.3, 0.5, -0.05], atol=1e-7
    )
    clipped = ak.attacks.FGSM(0.1)(model, x, [0])
    np.testing.assert_allclose(
        clipped.images.ravel(), [0.8, 0.3, 0.5, 0.0], atol=1e-7
    )
    towards = ak.attacks.FGSM(0.1, clip=False)(model, x, [1], targets=[0])
    np.testing.assert_allclose(
        towards.images.ravel(), [1.0, 0.1, 0.5, 0.15], atol=1e-7
    )
    # l2: the gradient is along (-2, 3, 0, -1), of length sqrt(14).
    l2 = ak.attacks.FGSM(0.1, norm="l2", clip=False)(model, x, [0])
    np.testing.assert_allclose(
        l2.perturbation.ravel(),
        0.1 * np.array([-2, 3, 0, -1]) / np.sqrt(14),
        atol=1e-7,
    )
    # l1: all on the pixel of weight 3, as far as the box lets it (0.8), and
    # what is left (0.1) on the pixel of weight 2.
    l1 = ak.attacks.FGSM(0.9, norm="l1")(model, x, [0])
    np.testing.assert_allclose(
        l1.images.ravel(), [0.8, 1.0, 0.5, 0.05], atol=1e-6
    )


@pytest.mark.parametrize("norm", norms.NORMS)
@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_linear_model_margin_falls_by_the_dual_norm(norm, targeted, n):
    """Two classes, z0 - z1 = w'x: a step of size e changes it by e |w|*."""
    classifier, kernel, _ = linear(classes=2)
    images = grey(n)
    labels = classifier.predict(images)
    targets = 1 - labels if targeted else None
    epsilon = 0.05
    attack = ak.attacks.FGSM(epsilon, norm=norm)
    result = attack(classifier, images, labels, targets)

    def margins(x):
        z = np.asarray(classifier.logits(x))
        return (z[:, 0] - z[:, 1]) * np.where(labels == 0, 1, -1)

    weights = kernel[:, 0] - kernel[:, 1]
    dual = {
        "linf": np.abs(weights).sum(),
        "l2": np.sqrt((weights**2).sum()),
        "l1": np.abs(weights).max(),
    }[norm]
    fall = margins(images) - margins(result.images)
    np.testing.assert_allclose(fall, epsilon * dual, rtol=1e-4)
    assert (norm_of(result.perturbation, norm) <= 1.01 * epsilon).all()


@settings(max_examples=25, deadline=None)
@given(
    epsilon=st.floats(1e-3, 3.0),
    norm=st.sampled_from(norms.NORMS),
    seed=st.integers(0, 1000),
    targeted=st.booleans(),
)
def test_budget_and_box_are_never_exceeded(epsilon, norm, seed, targeted):
    classifier = _classifier()
    images = np.random.default_rng(seed).random((5, *SHAPE), np.float32)
    attack = ak.attacks.FGSM(
        epsilon, norm=norm, targets="random" if targeted else None
    )
    result = attack(classifier, images, seed=seed)
    assert result.images.min() >= 0
    assert result.images.max() <= 1
    assert (norm_of(result.perturbation, norm) <= epsilon * 1.00001).all()


def _classifier(cache=[]):  # noqa: B006
    # One for all examples: it is the attack that is to be tried, not tracing.
    if not cache:
        cache.append(linear(classes=3)[0])
    return cache[0]


def test_batches_of_one_three_and_eight_agree():
    classifier = linear(classes=3)[0]
    images = grey(8)
    attack = ak.attacks.FGSM(0.1, norm="l2")
    whole = attack(classifier, images, batch_size=8).images
    for size in (1, 3):
        parts = attack(classifier, images, batch_size=size).images
        np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_confident_models_still_have_a_direction():
    """At a margin of 1e4, 1 - p is 0 in float32 and so is J's gradient."""
    classifier, *_ = linear(classes=3, scale=1e4)
    images = grey(4)
    labels = classifier.predict(images)
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, classifier.logits(x)
        )
    assert (tape.gradient(loss, x).numpy() == 0).all()
    result = ak.attacks.FGSM(0.5)(classifier, images, labels)
    assert (result.linf > 0.4).all()
    assert result.success.any()


def test_direction_is_that_of_cross_entropy():
    classifier, *_ = linear(classes=5)
    images, labels = grey(6), np.array([0, 1, 2, 3, 4, 0])
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, classifier.logits(x)
        )
    expected = images + 0.1 * np.sign(tape.gradient(loss, x))
    result = ak.attacks.FGSM(0.1, clip=False)(classifier, images, labels)
    np.testing.assert_allclose(result.images, expected, atol=1e-7)


def test_no_gradient_no_change_no_success():
    model = keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)]
    )
    model.layers[-1].set_weights([np.zeros((16, 2)), np.array([1.0, 0.0])])
    for norm in norms.NORMS:
        result = ak.attacks.FGSM(0.5, norm=norm)(model, grey(3), [0, 0, 0])
        assert (result.perturbation == 0).all()
        assert not result.success.any()


def test_traced_once_for_all_epsilons_and_batches(monkeypatch):
    classifier = linear()[0]
    traces = 0
    logits = classifier.logits

    def counted(x):
        nonlocal traces
        traces += 1
        return logits(x)

    monkeypatch.setattr(classifier, "logits", counted)
    for epsilon in (0.1, 0.2, 0.3):
        for n in (1, 5, 8):
            ak.attacks.FGSM(epsilon)(classifier, grey(n))
    # Whether there is a gradient, the step, and what judges it.
    assert traces == 3


def test_plain_model_is_not_traced_again():
    model = linear()[0].model
    attack = ak.attacks.FGSM(0.1)
    attack(model, grey(2))
    start = ak.classifier.as_classifier(model)
    attack(model, grey(2))
    assert ak.classifier.as_classifier(model) is start
    assert len(start._compiled) == 2


def test_bounds_of_another_range():
    """Bounds (0, 255) and epsilon x 255 are the same attack."""
    classifier, kernel, bias = linear(classes=3)
    wide_model = keras.models.clone_model(classifier.model)
    wide_model.layers[-1].set_weights([kernel / 255, bias])
    wide = ak.Classifier(wide_model, bounds=(0, 255))
    images = grey(4)
    a = ak.attacks.FGSM(0.1)(classifier, images)
    b = ak.attacks.FGSM(25.5)(wide, 255 * images)
    np.testing.assert_allclose(255 * a.images, b.images, rtol=1e-5)
    np.testing.assert_allclose(a.distortion, b.distortion, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": -1}, "epsilon=-1"),
        ({"epsilon": 0}, "epsilon=0"),
        ({"epsilon": float("nan")}, "epsilon=nan"),
        ({"epsilon": "big"}, "epsilon='big'"),
        ({"epsilon": 0.1, "norm": "l3"}, "norm='l3'"),
        ({"epsilon": 0.1, "targets": "best"}, "targets='best'"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        ak.attacks.FGSM(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "n"),
    [("fc100-100-10", (28, 28, 1), 1000), ("conv-cifar10", None, 200)],
)
def test_a_step_costs_one_gradient(name, shape, n, record_property):
    """The step beside a bare gradient in one run; the paper's floor."""
    classifier = ak.Classifier(ak.models.build(name))
    shape = shape or classifier.image_shape
    random = np.random.default_rng(0)
    images = tf.constant(random.random((n, *shape), np.float32))
    labels = tf.constant(random.integers(0, 10, n))

    @tf.function
    def bare(x, y):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                y, classifier.model(x, training=False)
            )
        return tape.gradient(loss, x)

    attack = ak.attacks.FGSM(0.1)
    times = {"bare": [], "step": [], "call": []}
    for _ in range(22):
        for kind, call in (
            ("bare", lambda: bare(images, labels)),
            ("step", lambda: attack.perturb(classifier, images, labels)),
            ("call", lambda: attack(classifier, images, labels, None, n)),
        ):
            start = time.perf_counter()
            call()
            times[kind].append(time.perf_counter() - start)
    bare_time, step_time, call_time = (
        min(times[kind][2:]) for kind in ("bare", "step", "call")
    )
    ratio = step_time / bare_time
    record_property("ratio", float(ratio))
    print(
        f"{name}: bare gradient {1000 * bare_time:.1f} ms, FGSM step "
        f"{ratio:.2f}x, whole call {call_time / bare_time:.2f}x"
    )
    # Not a timed test: a convolutional step of two gradients would be above 2.
    # In a dense net the step's own work on pixels is as much as a gradient.
    assert ratio < (4 if name.startswith("fc") else 1.9)
