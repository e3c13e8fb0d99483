"""Attacks within a budget: what nobody fools, and for how much asking."""

import dataclasses
from collections.abc import Callable

import numpy as np

from advkeras import attacks
from advkeras import channels
from advkeras.benchmark import peers
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import contest
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet

REPEATS = 3
# The one that is set beside the peers, image by image.
OURS = "Ensemble(epsilon)"

# Name -> what makes the attack of an epsilon.
WITHIN: dict[str, Callable[[channels.Amount], attacks.Attack]] = {
    "FGSM(epsilon)": attacks.FGSM,
    "PGD(epsilon)": attacks.PGD,
    "APGD(epsilon)": attacks.APGD,
    OURS: attacks.Ensemble,
    "Square(epsilon)": attacks.Square,
    "Noise(epsilon)": attacks.Noise,
}
# Shares of the pixel range by which rounding may leave the budget.
_ROUNDING = 1e-6


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times and judges the attacks on images that are read rightly.

    Args:
        classifier: The model to fool.
        data: Where the images come from.
        options: How much is measured; its epsilon is the budget, in linf.

    Returns:
        The bare gradients, ours and the peers, each with the share of the
        images that it left standing.
    """
    images, labels, places = contest.rightly_read(classifier, data, options)
    if not len(images):
        return [
            Row(contest.FLOOR, note="skipped: no image is read rightly"),
        ]
    ours = {name: make(options.epsilon) for name, make in WITHIN.items()}
    held = contest.hold(
        classifier,
        images,
        labels,
        ours,
        peers.BUDGET_PEERS,
        options.repeats or REPEATS,
        options.epsilon,
    )
    broken = {
        name: held.success[name]
        & within(found - images, options.epsilon, classifier)
        for name, found in held.images.items()
    }
    table = []
    for name, row in held.rows.items():
        row = dataclasses.replace(row, robust=float(1 - broken[name].mean()))
        if name not in ours:
            row = dataclasses.replace(
                row, note=_beside(broken[OURS], broken[name], places)
            )
        table.append(row)
    return [*held.floors, *table, *held.skipped]


def within(
    changes: np.ndarray, epsilon: channels.Amount, classifier: Classifier
) -> np.ndarray:
    """Says which changes keep to a budget in linf, bool, (n,).

    Args:
        changes: (n, height, width, channels).
        epsilon: The budget, in the units of the images.
        classifier: Whose pixel range says what is rounding.
    """
    slack = _ROUNDING * channels.array(channels.range_of(classifier.bounds))
    kept = np.abs(changes) <= channels.array(epsilon) + slack
    return kept.all(axis=tuple(range(1, changes.ndim)))


def _beside(ours: np.ndarray, theirs: np.ndarray, places: np.ndarray) -> str:
    only = [
        ", ".join(map(str, places[mask])) or "none"
        for mask in (theirs & ~ours, ours & ~theirs)
    ]
    return (
        f"images that it breaks and {OURS} does not: {only[0]}; "
        f"the other way round: {only[1]} (places among the images drawn)"
    )
