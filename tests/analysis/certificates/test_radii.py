"""Radii against closed forms, dense sampling and each other."""

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from advkeras.analysis import certificates
from tests.analysis.certificates.test_chain import classifier_of


def distance_to_the_boundary(classifier, images):
    """Of a linear network: min over j of (z_c - z_j) / |w_c - w_j|."""
    kernel = classifier.model.layers[-1].kernel.numpy().astype(np.float64)
    z = np.asarray(classifier.in_float64().logits(images.astype(np.float64)))
    found = []
    for row in z:
        c = row.argmax()
        found.append(
            min(
                (row[c] - row[j]) / np.linalg.norm(kernel[:, c] - kernel[:, j])
                for j in range(len(row))
                if j != c
            )
        )
    return np.array(found)


@pytest.mark.parametrize(
    ("method", "rtol"),
    [("pairwise", 1e-3), ("interval", 2e-2), ("crown", 2e-2)],
)
def test_a_linear_network_is_bounded_exactly(
    classifiers, test_digits, method, rtol
):
    images = test_digits.images[:40]
    expected = distance_to_the_boundary(classifiers["linear"], images)
    found = certificates.radii(classifiers["linear"], images, method)
    assert (found < expected).all()
    far = expected > 0.02  # nearer, what float32 may do is not nothing
    np.testing.assert_allclose(found[far], expected[far], rtol=rtol)


def test_methods_are_ordered(classifiers, test_digits):
    images = test_digits.images[:12]
    safe = {
        method: certificates.radii(classifiers["deep"], images, method)
        for method in certificates.METHODS
    }
    assert (safe["pairwise"] >= safe["lipschitz"]).all()
    # The search may stop 1% short.
    assert (safe["crown"] >= 0.99 * safe["interval"]).all()
    assert np.median(safe["crown"]) > 1.5 * np.median(safe["interval"])


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@hypothesis.settings(max_examples=4)
@hypothesis.given(st.integers(0, 10**6))
def test_no_point_of_the_ball_is_of_another_class(activation, seed):
    classifier = classifier_of(
        layers.Flatten(),
        layers.Dense(5, activation=activation),
        layers.Dense(3),
        shape=(1, 2, 1),
        seed=seed,
    )
    random = np.random.default_rng(seed)
    images = random.random((3, 1, 2, 1)).astype(np.float32)
    classes = classifier.predict(images)
    angle = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1).reshape(-1, 1, 2, 1)
    for method in certificates.METHODS:
        safe = certificates.radii(classifier, images, method)
        for image, radius, label in zip(images, safe, classes, strict=True):
            for share in (0.5, 1.0):
                moved = image + share * min(radius, 100) * circle
                found = classifier.predict(
                    moved.astype(np.float32), within_bounds=False
                )
                assert (found == label).all(), method


@pytest.mark.parametrize("method", certificates.METHODS)
def test_a_larger_margin_is_a_larger_radius(method):
    # One image, and a bias that favours its class more and more.
    image = np.full((1, 6, 5, 2), 0.5, np.float32)
    classifier = classifier_of(
        layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dense(3)
    )
    last = classifier.model.layers[-1]
    label = classifier.predict(image)[0]
    found = []
    for _ in range(4):
        found.append(certificates.radii(classifier, image, method)[0])
        kernel, bias = last.get_weights()
        bias[label] += 2
        last.set_weights([kernel, bias])
    assert (np.diff(found) > 0).all()


def test_any_network_that_has_a_bound_is_certified_by_it():
    x = keras.Input((2, 2, 1))
    flat = layers.Flatten()(x)
    both = layers.Add()([layers.Dense(4, activation="elu")(flat), flat])
    classifier = ak.Classifier(keras.Model(x, layers.Dense(2)(both)))
    images = np.random.default_rng(0).random((6, 2, 2, 1))
    safe = certificates.radii(classifier, images, "lipschitz")
    assert (safe > 0).any()


def test_a_softmax_at_the_end_changes_nothing():
    stack = [layers.Flatten(), layers.Dense(3, name="last")]
    plain = classifier_of(*stack)
    image = np.random.default_rng(0).random((3, 6, 5, 2))
    flat, dense = layers.Flatten(), layers.Dense(3, activation="softmax")
    soft = classifier_of(flat, dense)
    apart = classifier_of(layers.Flatten(), layers.Dense(3), layers.Softmax())
    for other in (soft, apart):
        other.model.set_weights(plain.model.get_weights())
        for method in certificates.METHODS:
            np.testing.assert_allclose(
                certificates.radii(other, image, method),
                certificates.radii(plain, image, method),
                rtol=1e-4,
            )


def test_labels_that_are_missed_are_not_certified(classifiers, test_digits):
    images = test_digits.images[:10]
    labels = classifiers["linear"].predict(images)
    labels[3] = (labels[3] + 1) % 10
    free = certificates.radii(classifiers["linear"], images, "pairwise")
    safe = certificates.radii(
        classifiers["linear"], images, "pairwise", labels=labels
    )
    assert safe[3] == 0
    kept = np.arange(10) != 3
    np.testing.assert_array_equal(safe[kept], free[kept])


def test_an_image_does_not_depend_on_those_beside_it(classifiers, test_digits):
    images = test_digits.images[:4]
    together = certificates.radii(classifiers["deep"], images)
    alone = certificates.radii(classifiers["deep"], images, batch_size=2)
    np.testing.assert_allclose(alone, together, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"method": "magic"}, "method"),
        ({"batch_size": 0}, "batch_size"),
        ({"lines_for": 0}, "lines_for"),
        ({"labels": [1]}, "labels"),
    ],
)
def test_bad_arguments(classifiers, test_digits, settings, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        certificates.radii(
            classifiers["linear"], test_digits.images[:3], **settings
        )


def test_pairwise_needs_a_dense_layer():
    classifier = classifier_of(
        layers.Conv2D(3, 1), layers.GlobalAveragePooling2D(name="mean")
    )
    with pytest.raises(ValueError, match="'mean'"):
        certificates.radii(classifier, np.zeros((1, 6, 5, 2)), "pairwise")


def test_the_constant_of_an_unknown_layer_is_the_user_s(test_digits):
    """One that does nothing, said to be of constant 2, halves the radius."""

    class Own(layers.Layer):
        def call(self, x):
            return x

    def classifier(*more):
        keras.utils.set_random_seed(0)
        return ak.Classifier(
            keras.Sequential(
                [
                    keras.Input((28, 28, 1)),
                    layers.Flatten(),
                    layers.Dense(5, activation="sigmoid"),
                    *more,
                    layers.Dense(3),
                ]
            )
        )

    images = test_digits.images[:5]
    with pytest.raises(ValueError, match="class Own"):
        certificates.radii(classifier(Own()), images, "pairwise")
    for method in ("lipschitz", "pairwise"):
        np.testing.assert_allclose(
            certificates.radii(
                classifier(Own(name="own")),
                images,
                method,
                constants={"own": 2.0},
            ),
            certificates.radii(classifier(), images, method) / 2,
            rtol=1e-3,
        )
    with pytest.raises(ValueError, match="`constants` must be left out"):
        certificates.radii(classifier(), images, constants={"own": 2.0})
