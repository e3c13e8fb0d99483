"""Attacks that look for the smallest change, side by side."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import attacks
from advkeras import channels
from advkeras.attacks import norms
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 3
FLOOR = "bare gradient"

# Name -> (the attack, the norm that is to be small).
SMALLEST: dict[str, tuple[attacks.Attack, str]] = {
    "DeepFool()": (attacks.DeepFool(), "l2"),
    "DeepFool(project)": (attacks.DeepFool(project=True), "l2"),
    "DDN()": (attacks.DDN(), "l2"),
    "FMN()": (attacks.FMN(), "l2"),
    "CarliniWagner()": (attacks.CarliniWagner(), "l2"),
    "LBFGS() at a class": (attacks.LBFGS(), "l2"),
    "DeepFool(linf)": (attacks.DeepFool("linf"), "linf"),
    "FMN(linf)": (attacks.FMN("linf"), "linf"),
    "FMN(l1)": (attacks.FMN("l1"), "l1"),
    "FMN(l0)": (attacks.FMN("l0"), "l0"),
}

# Name -> what makes the attack of an epsilon.
WITHIN: dict[str, Callable[[channels.Amount], attacks.Attack]] = {
    "FGSM(epsilon)": attacks.FGSM,
    "PGD(epsilon)": attacks.PGD,
    "Square(epsilon)": attacks.Square,
    "Noise(epsilon)": attacks.Noise,
}


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times and judges the attacks on images that are read rightly.

    The floor is a gradient of all these images at once. Attacks within a
    budget of epsilon stand below, for what they take.

    Args:
        classifier: The model to fool.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare gradient, those that look for the smallest change, and those
        within a budget.
    """
    images, labels = data.sample(options.examples, options.seed)
    right = classifier.predict(images) == labels
    images, labels = images[right], labels[right]
    size, repeats = len(images), options.repeats or REPEATS
    if not size:
        return [Row(FLOOR, note="skipped: no image is read rightly")]
    all_attacks = {
        **{name: attack for name, (attack, _) in SMALLEST.items()},
        **{name: make(options.epsilon) for name, make in WITHIN.items()},
    }
    gradient = bare.gradient(classifier)
    inputs = tf.constant(images, classifier.dtype)
    goals = tf.constant(labels, tf.int64)
    calls: dict[str, Callable[[], Any]] = {
        FLOOR: lambda: gradient(inputs, goals),
        **{
            name: _call(attack, classifier, images, labels, size)
            for name, attack in all_attacks.items()
        },
    }
    times = interleaved(calls, repeats)
    floor = times.median(FLOOR) / size
    table = [Row(FLOOR, tf.__version__, size, repeats, floor, 1.0)]
    for name in all_attacks:
        seconds = times.median(name) / size
        row = Row(name, __version__, size, repeats, seconds, seconds / floor)
        table.append(_judged(row, times.returned[name], floor))
    return _beside(table, times.returned)


def _call(
    attack: attacks.Attack,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    size: int,
) -> Callable[[], attacks.AttackResult]:
    return lambda: attack(classifier, images, labels, batch_size=size)


def _judged(row: Row, result: attacks.AttackResult, floor: float) -> Row:
    """Adds what was found to what it took."""
    gradients = result.gradient_evaluations
    used = None if gradients is None else float(gradients.mean())
    queries = result.queries
    return dataclasses.replace(
        row,
        success=float(result.success.mean()),
        distortion=float(result.distortion[result.success].mean())
        if result.success.any()
        else None,
        evaluations=used,
        to_gradients=row.seconds / (used * floor)
        if used and row.seconds is not None
        else None,
        note="" if queries is None else f"{queries.mean():.0f} queries, mean",
    )


def _beside(
    table: list[Row], returned: dict[str, attacks.AttackResult]
) -> list[Row]:
    """Adds distances, and sets each beside the nearest that anyone found."""
    far = {
        name: np.where(
            returned[name].success, distances(returned[name], norm), np.inf
        )
        for name, (_, norm) in SMALLEST.items()
    }
    nearest = {
        norm: np.min([far[k] for k, v in SMALLEST.items() if v[1] == norm], 0)
        for _, norm in SMALLEST.values()
    }
    finished = []
    for row in table:
        if row.name in far and row.success:
            norm, own = SMALLEST[row.name][1], far[row.name]
            found = np.isfinite(own)
            mean = float(own[found].mean())
            row = dataclasses.replace(
                row,
                norm=norm,
                distance=mean,
                to_nearest=mean / float(nearest[norm][found].mean()),
            )
        finished.append(row)
    return finished


def distances(result: attacks.AttackResult, norm: str) -> np.ndarray:
    """Returns the norm of each change, with the pixel range as 1, (n,).

    Args:
        result: What an attack found.
        norm: "linf", "l2", "l1" or "l0".
    """
    whole = channels.array(channels.range_of(result.bounds))
    changes = result.perturbation / whole
    if norm in ("linf", "l2"):
        return getattr(norms, norm)(changes)
    flat = np.abs(changes.reshape(len(changes), -1).astype(np.float64))
    return (flat if norm == "l1" else flat > 0).sum(axis=1)
