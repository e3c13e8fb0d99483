"""Attacks that look for the smallest change, side by side."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import attacks
from advkeras import channels
from advkeras.benchmark import peers
from advkeras.benchmark import rows
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 3
FLOOR = "bare gradient"
# A pass over the images takes a millisecond, which is soon disturbed.
_PASSES = 20

# Name -> (the attack, the norm that is to be small).
SMALLEST: dict[str, tuple[attacks.Attack, str]] = {
    "DeepFool()": (attacks.DeepFool(), "l2"),
    "DeepFool(project)": (attacks.DeepFool(project=True), "l2"),
    "DDN()": (attacks.DDN(), "l2"),
    "FMN()": (attacks.FMN(), "l2"),
    "CarliniWagner()": (attacks.CarliniWagner(), "l2"),
    "LBFGS(nearest)": (attacks.LBFGS("nearest"), "l2"),
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
    "APGD(epsilon)": attacks.APGD,
    "Ensemble(epsilon)": attacks.Ensemble,
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
        The bare gradient, those that look for the smallest change, those
        within a budget, and the peers.
    """
    images, labels = data.sample(options.examples, options.seed)
    right = classifier.predict(images) == labels
    images, labels = images[right], labels[right]
    size, repeats = len(images), options.repeats or REPEATS
    if not size:
        return [Row(FLOOR, note="skipped: no image is read rightly")]
    ours = {
        **{name: attack for name, (attack, _) in SMALLEST.items()},
        **{name: make(options.epsilon) for name, make in WITHIN.items()},
    }
    norm_of = {name: norm for name, (_, norm) in SMALLEST.items()}
    gradient = bare.gradient(classifier)
    inputs = tf.constant(images, classifier.dtype)
    goals = tf.constant(labels, tf.int64)
    calls: dict[str, Callable[[], Any]] = {
        FLOOR: lambda: [gradient(inputs, goals) for _ in range(_PASSES)],
        **{
            name: _call(attack, classifier, images, labels)
            for name, attack in ours.items()
        },
    }
    versions = {FLOOR: tf.__version__, **dict.fromkeys(ours, __version__)}
    missing = []
    for peer, norm in peers.MINIMUM_PEERS.items():
        run, reason = peer.try_out(classifier, images, labels)
        if run is None:
            missing.append(rows.skipped(peer, reason))
            continue
        calls[peer.name], norm_of[peer.name] = run, norm
        versions[peer.name] = peer.version()
    times = interleaved(calls, repeats)
    floor = times.median(FLOOR) / _PASSES / size
    table = [Row(FLOOR, tf.__version__, size, repeats, floor, 1.0)]
    far = {}
    for name in [name for name in calls if name != FLOOR]:
        seconds, returned = times.median(name) / size, times.returned[name]
        found = np.asarray(getattr(returned, "images", returned))
        outcome = rows.judge(classifier, images, found, labels)
        row = Row(
            *(name, versions[name], size, repeats, seconds, seconds / floor),
            success=outcome.rate,
            distortion=outcome.mean,
            norm=norm_of.get(name),
        )
        table.append(_with_counts(row, returned))
        if name in norm_of:
            whole = channels.array(channels.range_of(classifier.bounds))
            distance = distances((found - images) / whole, norm_of[name])
            far[name] = np.where(outcome.success, distance, np.inf)
    return [_beside(row, far, norm_of) for row in table] + missing


def _call(
    attack: attacks.Attack,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
) -> Callable[[], attacks.AttackResult]:
    size = len(images)
    return lambda: attack(classifier, images, labels, batch_size=size)


def _with_counts(row: Row, returned: Any) -> Row:
    """Adds what an attack of ours counted."""
    gradients = getattr(returned, "gradient_evaluations", None)
    if gradients is not None and gradients.any() and row.to_floor is not None:
        mean = float(gradients.mean())
        row = dataclasses.replace(
            row, evaluations=mean, to_gradients=row.to_floor / mean
        )
    queries = getattr(returned, "queries", None)
    if queries is not None:
        row = dataclasses.replace(
            row, note=f"{queries.mean():.0f} queries an image, mean"
        )
    return row


def _beside(
    row: Row, far: dict[str, np.ndarray], norm_of: dict[str, str]
) -> Row:
    """Adds a distance, and sets it beside the nearest that anyone found."""
    if row.name not in far or not row.success:
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
