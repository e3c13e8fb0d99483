"""Attacks that look for the smallest change, side by side."""

import dataclasses

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

# Name -> (the attack, the norm that is to be small).
SMALLEST: dict[str, tuple[attacks.Attack, str]] = {
    "DeepFool()": (attacks.DeepFool(), "l2"),
    "DeepFool(project)": (attacks.DeepFool(project=True), "l2"),
    "DDN()": (attacks.DDN(), "l2"),
    "FMN()": (attacks.FMN(), "l2"),
    "CarliniWagner()": (attacks.CarliniWagner(), "l2"),
    "LBFGS(nearest)": (attacks.LBFGS("nearest"), "l2"),
    "LBFGS() at a class": (attacks.LBFGS(), "l2"),
    "HopSkipJump()": (attacks.HopSkipJump(), "l2"),
    "DeepFool(linf)": (attacks.DeepFool("linf"), "linf"),
    "FMN(linf)": (attacks.FMN("linf"), "linf"),
    "HopSkipJump(linf)": (attacks.HopSkipJump("linf"), "linf"),
    "FMN(l1)": (attacks.FMN("l1"), "l1"),
    "FMN(l0)": (attacks.FMN("l0"), "l0"),
}


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times and judges the attacks on images that are read rightly.

    Args:
        classifier: The model to fool.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare gradients, ours and the peers.
    """
    images, labels, _ = contest.rightly_read(classifier, data, options)
    if not len(images):
        return [Row(contest.FLOOR, note="skipped: no image is read rightly")]
    norm_of = {name: norm for name, (_, norm) in SMALLEST.items()}
    norm_of |= {peer.name: norm for peer, norm in peers.MINIMUM_PEERS.items()}
    held = contest.hold(
        classifier,
        images,
        labels,
        {name: attack for name, (attack, _) in SMALLEST.items()},
        peers.MINIMUM_PEERS,
        options.repeats or REPEATS,
    )
    whole = channels.array(channels.range_of(classifier.bounds))
    far = {}
    for name, found in held.images.items():
        distance = distances((found - images) / whole, norm_of[name])
        far[name] = np.where(held.success[name], distance, np.inf)
    table = [
        _beside(dataclasses.replace(row, norm=norm_of[name]), far, norm_of)
        for name, row in held.rows.items()
    ]
    return [*held.floors, *table, *held.skipped]


def _beside(
    row: Row, far: dict[str, np.ndarray], norm_of: dict[str, str]
) -> Row:
    """Adds a distance, and sets it beside the nearest that anyone found."""
    if not row.success:
        return row
    found = np.isfinite(far[row.name])
    everyone = [far[name] for name in far if norm_of[name] == row.norm]
    mean = float(far[row.name][found].mean())
    nearest = float(np.min(everyone, axis=0)[found].mean())
    return dataclasses.replace(row, distance=mean, to_nearest=mean / nearest)


def distances(changes: np.ndarray, norm: str) -> np.ndarray:
    """Returns the norm of each change, (n,).

    Args:
        changes: (n, height, width, channels).
        norm: "linf", "l2", "l1" or "l0".
    """
    flat = changes.reshape(len(changes), -1).astype(np.float64)
    order = {"linf": np.inf, "l2": 2, "l1": 1, "l0": 0}[norm]
    return np.linalg.norm(flat, order, axis=1)
