"""Robust accuracy is counted as by hand, over budgets and attacks."""

import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult
from advkeras.evaluation import Rate
from advkeras.evaluation import robustness

LABELS = np.array([0, 0, 0, 0])


def result(changes, predictions, clean=(0, 0, 0, 1), bounds=(0.0, 1.0)):
    """Four images of two pixels, the first of which is changed."""
    lower, upper = bounds
    originals = np.full((4, 1, 2, 1), lower, np.float32)
    images = originals.copy()
    images[:, 0, 0, 0] += np.array(changes, np.float32) * (upper - lower)
    predictions = np.array(predictions)
    return AttackResult(
        originals=originals,
        images=images,
        labels=LABELS,
        targets=None,
        clean_predictions=np.array(clean),
        predictions=predictions,
        success=predictions != LABELS,
        bounds=bounds,
    )


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
def test_by_hand(bounds):
    """Image 0 falls to one attack, 1 to another, 2 to none, 3 was misread."""
    found = robustness(
        {
            ("a", 0.1): result([0.1] * 4, [1, 0, 0, 1], bounds=bounds),
            ("a", 0.2): result([0.2] * 4, [1, 0, 0, 1], bounds=bounds),
            ("b", 0.2): result([0.2] * 4, [0, 1, 0, 1], bounds=bounds),
        }
    )
    assert found.clean == Rate(3, 4)
    assert found.shares == (0.1, 0.2)
    assert found.attacks == {
        "a": (Rate(2, 4), Rate(2, 4)),
        "b": (None, Rate(2, 4)),
    }
    assert found.together == (Rate(2, 4), Rate(1, 4))
    assert found.smallest == pytest.approx((0.1, 0.2, None, 0.0), abs=1e-6)
    assert found.median == pytest.approx(0.2)
    assert found.halving == 0.2


def test_a_small_example_counts_within_every_larger_budget():
    """PGD of a large budget may do worse than one of a small: not together."""
    found = robustness(
        {
            ("a", 0.1): result([0.1] * 4, [1, 1, 1, 1]),
            ("a", 0.3): result([0.3] * 4, [0, 0, 0, 1]),
        }
    )
    assert found.attacks["a"][1] == Rate(3, 4)
    assert found.together == (Rate(0, 4), Rate(0, 4))


def test_what_has_no_budget_counts_where_it_lies():
    nothing = result([0.0] * 4, [0, 0, 0, 1])
    found = robustness(
        {
            ("a", 0.1): nothing,
            ("a", 0.2): nothing,
            ("lbfgs", None): result([0.05, 0.15, 0.5, 0], [1, 1, 1, 1]),
        }
    )
    assert list(found.attacks) == ["a"]
    assert found.together == (Rate(2, 4), Rate(1, 4))
    assert found.median == pytest.approx(0.15)


def test_no_answer_is_neither_fooled_nor_right():
    silent = ak.checks.NO_ANSWER
    found = robustness({("a", 0.1): result([0.1] * 4, [silent, 0, 0, 1])})
    assert found.attacks["a"] == (Rate(2, 4),)
    assert found.smallest == (None, None, None, 0.0)
    assert found.median is None


def test_one_channel_may_have_another_range():
    """A change is measured by the range of the channel that it is in."""
    images = np.zeros((1, 1, 1, 2), np.float32)
    moved = images + np.array([0.2, 0.5], np.float32)
    one = AttackResult(
        originals=images,
        images=moved,
        labels=np.array([0]),
        targets=None,
        clean_predictions=np.array([0]),
        predictions=np.array([1]),
        success=np.array([True]),
        bounds=((0.0, 0.0), (1.0, 5.0)),
    )
    found = robustness({("a", 0.2): one})
    assert found.smallest == pytest.approx((0.2,))
    assert found.together == (Rate(0, 1),)


def test_json_and_back():
    found = robustness(
        {
            ("a", 0.1): result([0.1] * 4, [1, 0, 0, 1]),
            ("b", 0.2): result([0.2] * 4, [0, 1, 0, 1]),
        }
    )
    values = json.loads(json.dumps(found.to_json()))
    assert ak.evaluation.Robustness.from_json(values) == found
    assert values["median"] == found.median


def test_of_a_real_net(classifiers, test_digits):
    """Together never rises with epsilon, nor above any attack alone."""
    net = classifiers["linear"]
    images, labels = test_digits.sample(40, seed=1)
    results = {
        (name, share): attack(epsilon=share)(net, images, labels)
        for name, attack in (("fgsm", ak.attacks.FGSM), ("pgd", ak.attacks.PGD))
        for share in (0.01, 0.05, 0.1)
    }
    results["lbfgs", None] = ak.attacks.LBFGS()(net, images, labels)
    found = robustness(results)
    left = [rate.count for rate in found.together]
    assert left == sorted(left, reverse=True)
    assert left[0] <= found.clean.count and left[-1] < left[0]
    for rates in found.attacks.values():
        assert all(
            one.count >= together
            for one, together in zip(rates, left, strict=True)
        )
    assert None not in found.smallest  # L-BFGS fools it on all


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({}, "`results` must hold an attack that has a budget. .* none"),
        ({("lbfgs", None): result([0] * 4, [0] * 4)}, "has a budget. .*lbfgs"),
        (
            {
                ("a", 0.1): result([0] * 4, [0] * 4),
                ("b", 0.1): result([0] * 4, [0] * 4, bounds=(0.5, 1.0)),
            },
            "`results` must all be of the same images.*'b'",
        ),
        ({("a", -1.0): result([0] * 4, [0] * 4)}, "`results` must"),
    ],
)
def test_bad_input(results, said):
    with pytest.raises(ValueError, match=said):
        robustness(results)
