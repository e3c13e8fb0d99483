"""Brackets of a linear network, where the distance is known."""

import dataclasses
import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.analysis import certificates
from tests.analysis.certificates.test_radii import distance_to_the_boundary


@pytest.fixture(scope="module")
def nearest(classifiers, test_digits):
    return certificates.nearest(
        classifiers["linear"], test_digits.images[:6], targets=2
    )


def test_the_distance_is_in_the_bracket(classifiers, nearest):
    found = certificates.brackets(classifiers["linear"], nearest, "pairwise")
    exact = distance_to_the_boundary(classifiers["linear"], nearest.originals)
    assert found.success.all()
    assert not found.broken.any()
    assert (found.proved < exact).all()
    # The attack stays within the pixels' range, which can only be further.
    assert (found.found > exact * (1 - 1e-5)).all()
    assert np.median(found.slack) < 1.5


def test_nearest_is_no_further_than_any_one_target(classifiers, nearest):
    classifier = classifiers["linear"]
    images, labels = nearest.originals, nearest.labels
    logits = np.array(classifier.logits(images))
    logits[np.arange(len(images)), labels] = -np.inf
    one = ak.attacks.LBFGS()(classifier, images, labels, logits.argmax(1))
    # The search for c stops within 2%, and rounding says where.
    assert (nearest.l2 <= one.l2 * 1.01).all()
    np.testing.assert_array_equal(labels, classifier.predict(images))
    np.testing.assert_array_equal(
        classifier.predict(nearest.images), nearest.predictions
    )
    every = certificates.nearest(classifier, images[:2])
    assert (every.l2 <= nearest.l2[:2] * 1.01).all()


def test_numbers_of_a_bracket():
    found = certificates.Brackets(
        "crown", np.array([1.0, 2.0, 0.0]), np.array([3.0, 2.0, np.inf])
    )
    np.testing.assert_array_equal(found.success, [True, True, False])
    np.testing.assert_array_equal(found.broken, [False, True, False])
    np.testing.assert_array_equal(found.slack, [3, 1, np.inf])
    summary = found.to_json()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["proved"] == 2
    assert summary["found"] == 2
    assert summary["broken"] == 1
    assert summary["median_proved"] == 1
    assert summary["median_found"] == 3


def test_bad_arguments(classifiers, test_digits, nearest):
    linear = classifiers["linear"]
    with pytest.raises(ValueError, match="`result` must be an AttackResult"):
        certificates.brackets(linear, nearest.l2)
    other = dataclasses.replace(
        nearest, clean_predictions=(nearest.clean_predictions + 1) % 10
    )
    with pytest.raises(ValueError, match="`result` must be of this"):
        certificates.brackets(linear, other)
    for targets in ("some", 0):
        with pytest.raises(ValueError, match="`targets` must"):
            certificates.nearest(
                linear, test_digits.images[:2], targets=targets
            )
