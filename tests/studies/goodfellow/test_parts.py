"""What the studies count with, by hand."""

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.studies.goodfellow import adversarial
from advkeras.studies.goodfellow import crowd
from advkeras.studies.goodfellow import trace
from advkeras.studies.goodfellow.answers import Answers
from advkeras.studies.goodfellow.answers import ask


def values(row):
    return [getattr(c.measured, "value", c.measured) for c in row.cells]


def test_answers_by_hand():
    logits = np.log(np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]]))
    said = Answers(np.array([0, 0, 1]), logits)
    assert said.predictions.tolist() == [0, 1, 0]
    assert (said.error.count, said.error.n) == (2, 3)
    np.testing.assert_allclose(said.confidence, [0.7, 0.6, 0.9])
    error, confidence, on_mistakes = said.cells(50, None, 80)
    assert confidence.measured.value == pytest.approx(100 * 2.2 / 3)
    assert on_mistakes.measured.value == pytest.approx(75)
    assert (error.published, on_mistakes.published) == (50, 80)


def test_sure_of_nothing_where_every_class_is_far():
    said = Answers(np.array([0]), np.array([[-50.0, -60.0]]), "exponential")
    assert said.confidence[0] == pytest.approx(np.exp(-50))


def test_asked_in_batches_and_beyond_the_bounds(monkeypatch):
    net = ak.load("fc10-1e-4")
    images = 3 * np.random.default_rng(0).normal(size=(7, 28, 28, 1))
    images, labels = images.astype(np.float32), np.zeros(7, np.int64)
    whole = ask(net, images, labels).logits
    monkeypatch.setattr("advkeras.studies.goodfellow.answers._BATCH", 3)
    np.testing.assert_allclose(ask(net, images, labels).logits, whole, 1e-4)


def test_what_one_net_alone_misreads():
    plain = np.array([1, 1, 1, 0, 0, 1], bool)
    trained = np.array([0, 0, 0, 1, 0, 1], bool)
    (row,) = adversarial._misread_by_one(
        {"plain": plain, "adversarial": trained}
    ).rows
    # Of four coins 0, 1, 3 or 4 heads: 10 ways of 16.
    assert values(row) == pytest.approx([3, 1, 10 / 16])
    (row,) = adversarial._misread_by_one(
        {"plain": plain, "adversarial": plain}
    ).rows
    assert values(row) == [0, 0, 1]


def test_agreement_by_hand():
    labels = np.array([0, 0, 0, 0, 1])
    reference = np.array([1, 1, 2, 0, 2])  # misses four
    said = np.array([1, 2, 0, 3, 2])  # agrees on two, both wrong on three
    row = crowd._agreement("pair", said, reference, labels, 50, 60)
    of_missed, of_both, chance = values(row)
    assert of_missed == 2 / 4
    assert of_both == 2 / 3
    # Of those three: {1, 2, 2} against {1, 1, 2}.
    assert chance == pytest.approx(100 * (1 / 3 * 2 / 3 + 2 / 3 * 1 / 3))
    assert [cell.published for cell in row.cells] == [50, 60, None]


def test_an_ensemble_is_the_mean_of_probabilities():
    members = {
        str(seed): ak.Classifier(ak.models.build("fc10", seed=seed))
        for seed in range(3)
    }
    x = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    mean = np.mean(
        [keras.ops.softmax(m.logits(x)) for m in members.values()], axis=0
    )
    whole = crowd.together(members)
    np.testing.assert_allclose(
        keras.ops.softmax(whole.logits(x)), mean, atol=1e-6
    )


def test_lines_are_explained_and_bends_are_not():
    places = np.linspace(0, 1, 50)
    lines = np.stack([3 * places + 1, -places], axis=1)
    bends = np.stack([abs(places - 0.5), (places - 0.5) ** 2], axis=1)
    np.testing.assert_allclose(trace._explained(lines[None]), 1)
    np.testing.assert_allclose(trace._explained(bends[None]), 0, atol=1e-6)


def test_the_band_in_which_an_image_is_read_rightly():
    """Class 4 leads from -1 to 2, then class 0 on either side."""
    epsilons = trace._EPSILONS
    logits = np.zeros((1, len(epsilons), 10))
    logits[0, :, 4] = 1.51 - np.abs(epsilons - 0.5)
    low, high, wrong, _ = (c.measured.value for c in trace._measured(logits))
    assert low == pytest.approx(-1)
    assert high == pytest.approx(2)
    assert wrong == 1


def test_the_trace_of_a_linear_net_is_straight():
    net = ak.load("fc10-1e-4")
    image = np.full((28, 28, 1), 0.5, np.float32)
    logits = trace.trace(net, image, 4)
    assert logits.shape == (201, 10)
    np.testing.assert_allclose(trace._explained(logits[None]), 1, atol=1e-4)
    middle = np.asarray(net.logits(image[None]))[0]
    np.testing.assert_allclose(logits[100], middle, atol=1e-4)
