"""Carlini and Wagner: what only they have; the rest is in test_nearest."""

import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def test_confidence_is_a_lead():
    classifier, images = linear()[0], grey(6)
    labels = classifier.predict(images)

    def leads(confidence):
        attack = ak.attacks.CarliniWagner(
            50, learning_rate=0.05, confidence=confidence
        )
        result = attack(classifier, images, labels)
        z = np.asarray(classifier.logits(result.images))
        rows = np.arange(6)
        assert result.success.all()
        return z[rows, 1 - labels] - z[rows, labels]

    assert (leads(0.0) < 0.2).all()
    sure = leads(1.0)
    assert (sure > 0.999).all()
    assert (sure < 1.2).all()


def test_c_starts_where_it_is_told_and_is_searched_for():
    """So small a c moves nothing; ten times as large four times, it does."""
    classifier, images = linear()[0], grey(4)
    labels = classifier.predict(images)
    one, five = (
        ak.attacks.CarliniWagner(
            40, search_steps=n, c_start=1e-5, learning_rate=0.05
        )(classifier, images, labels)
        for n in (1, 6)
    )
    assert not one.success.any()
    assert five.success.all()


def test_an_image_that_does_not_improve_is_left_early():
    classifier, images = linear()[0], grey(4)
    labels = classifier.predict(images)
    left, whole = (
        ak.attacks.CarliniWagner(
            60, search_steps=2, learning_rate=0.1, abort_early=early
        )(classifier, images, labels)
        for early in (True, False)
    )
    assert whole.gradient_evaluations.tolist() == [120] * 4
    assert (left.gradient_evaluations < 120).all()
    assert (left.gradient_evaluations % 6 == 0).all()
    assert left.success.all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"search_steps": 0}, "search_steps=0"),
        ({"c_start": 0}, "c_start=0"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"confidence": -1}, "confidence=-1"),
        ({"abort_early": 2}, "abort_early=2"),
    ],
)
def test_bad_hyper_parameters(arguments, message):
    with pytest.raises(ValueError, match=f"^.*Received: {message}$"):
        ak.attacks.CarliniWagner(**arguments)
