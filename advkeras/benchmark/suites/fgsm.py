"""FGSM beside one gradient, and beside other libraries."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.attacks import FGSM
from advkeras.benchmark import peers
from advkeras.benchmark import rows
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 20
FLOOR = "bare gradient"
FORWARD = "forward pass"
OURS = "FGSM()"


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times one step on all images at once.

    Ours is there twice: `FGSM.perturb` takes tensors and returns tensors, and
    "FGSM()" is the whole call, arrays in and arrays out, which checks the
    images and shows what was made to the model. The peers are set beside the
    whole call; only Foolbox judges as well.

    Args:
        classifier: The model to fool.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare gradient, the forward pass, ours, and the peers.
    """
    images, labels = data.sample(options.examples, options.seed)
    inputs = tf.constant(images, classifier.dtype)
    goals = tf.constant(labels, tf.int64)
    attack = FGSM(options.epsilon)
    gradient, forward = bare.gradient(classifier), bare.forward(classifier)
    calls: dict[str, Callable[[], Any]] = {
        FLOOR: lambda: gradient(inputs, goals),
        FORWARD: lambda: forward(inputs),
        "FGSM.perturb": lambda: attack.perturb(classifier, inputs, goals)[0],
        OURS: lambda: (
            attack(classifier, images, labels, batch_size=len(images)).images
        ),
    }
    versions = dict.fromkeys(calls, __version__)
    versions[FLOOR] = versions[FORWARD] = tf.__version__
    missing = []
    for peer in peers.FGSM_PEERS:
        run, reason = peer.try_out(classifier, images, labels, options.epsilon)
        if run is None:
            missing.append(rows.skipped(peer, reason))
        else:
            calls[peer.name] = run
            versions[peer.name] = peer.version()
    repeats = options.repeats or REPEATS
    times = interleaved(calls, repeats)
    to_floor, to_ours = times.ratios(FLOOR), times.ratios(OURS)
    table = []
    for name in calls:
        row = Row(
            name,
            versions[name],
            len(images),
            repeats,
            times.median(name) / len(images),
            to_floor[name],
            to_ours[name],
        )
        if name not in (FLOOR, FORWARD):
            found = np.asarray(times.returned[name])
            outcome = rows.judge(classifier, images, found, labels)
            row = dataclasses.replace(
                row, success=outcome.rate, distortion=outcome.mean
            )
        table.append(row)
    return table + missing
