"""Losses of logits, by hand, and what logits mean to them."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.training.losses import LOSSES


def test_independent_sigmoids_by_hand():
    logits = np.array([[0.0, np.log(3), -np.log(3)]], np.float32)
    # Probabilities 1/2, 3/4, 1/4; the label is the second.
    expected = -np.log(1 / 2) - np.log(3 / 4) - np.log(3 / 4)
    loss = float(LOSSES["sigmoid"]([1], logits)[0])
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(
        ak.training.probabilities(logits, "sigmoid"), [[0.5, 0.75, 0.25]]
    )


def test_exponentials_by_hand():
    logits = np.log(np.array([[0.5, 0.75, 0.25]], np.float32))
    expected = -np.log(1 / 2) - np.log(3 / 4) - np.log(3 / 4)
    loss = LOSSES["exponential"]([[1]], logits)  # labels in a column
    assert float(loss[0]) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(
        ak.training.probabilities(logits, "exponential"),
        [[0.5, 0.75, 0.25]],
        rtol=1e-6,
    )


def test_a_class_that_is_certain_and_wrong_costs_much_but_not_all():
    loss = LOSSES["exponential"]([0], np.zeros((1, 2), np.float32))
    assert 10 < float(loss[0]) < 20


def test_softmax_is_the_common_one():
    logits = np.array([[1.0, 2.0, 3.0]], np.float32)
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(
        ak.training.probabilities(logits), shares, rtol=1e-6
    )
    loss = float(LOSSES["softmax"](np.array([2]), logits))
    assert loss == pytest.approx(-np.log(shares[0, 2]), rel=1e-6)


def test_no_such_loss():
    with pytest.raises(ValueError, match="`loss` must be one of: exponential"):
        ak.training.probabilities(np.zeros((1, 2)), "hinge")
    with pytest.raises(ValueError, match="`loss` must be one of"):
        ak.training.Recipe(loss="hinge")
