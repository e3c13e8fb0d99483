import numpy as np

from advkeras.attacks import AttackResult
from advkeras.evaluation import Rate
from advkeras.evaluation import success_rates


def result(labels, clean, after, targets=None, length=1.0):
    labels, clean, after = map(np.array, (labels, clean, after))
    n = len(labels)
    originals = np.zeros((n, 1, 1, 1), np.float32)
    goal = after != labels if targets is None else after == np.array(targets)
    return AttackResult(
        originals=originals,
        images=originals + np.float32(length),
        labels=labels,
        targets=None if targets is None else np.array(targets),
        clean_predictions=clean,
        predictions=after,
        success=goal,
        bounds=(0.0, 2.0),
    )


def test_both_denominators_by_hand():
    """Five images; the fifth was wrong before and counts in one only."""
    rates = success_rates(
        result([0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [1, 2, 0, 0, 1])
    )
    assert rates.clean_error == Rate(1, 5)
    assert rates.of_all == Rate(3, 5)
    assert rates.of_correct == Rate(2, 4)
    assert rates.robust_accuracy == Rate(2, 5)
    assert rates.mean_l2 == 1.0
    assert rates.mean_distortion == 0.5  # of a pixel range of 2


def test_targeted_success_is_not_any_error():
    rates = success_rates(result([0, 0], [0, 0], [1, 2], targets=[1, 1]))
    assert rates.of_all == Rate(1, 2)
    assert rates.robust_accuracy == Rate(0, 2)


def test_without_success_there_is_no_distortion():
    rates = success_rates(result([0], [0], [0]))
    assert rates.mean_distortion is None
    assert rates.to_json()["mean_l2"] is None
