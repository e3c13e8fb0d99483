"""Our attacks and other libraries' on the same images: timed, and judged."""

import dataclasses
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import attacks
from advkeras.benchmark import rows
from advkeras.benchmark.options import Options
from advkeras.benchmark.peers import Peer
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

FLOOR = "bare gradient"
TORCH_FLOOR = "bare gradient, PyTorch"
# A pass over the images takes a millisecond, which is soon disturbed.
_PASSES = 20
# Images that show whether a library's attack runs at all.
_TRIAL = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Contest:
    """What came of it.

    Attributes:
        floors: The rows of the bare gradients, TensorFlow's first.
        rows: Name -> row of each attack.
        images: Name -> what it made.
        success: Name -> whether the model is wrong there, bool, (n,).
        skipped: The rows of those that could not take part.
    """

    floors: list[Row]
    rows: dict[str, Row]
    images: dict[str, np.ndarray]
    success: dict[str, np.ndarray]
    skipped: list[Row]


def rightly_read(
    classifier: Classifier, data: ImageSet, options: Options
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws images and keeps those that the model reads rightly.

    Returns:
        Images, labels, and the place of each among the images drawn.
    """
    images, labels = data.sample(options.examples, options.seed)
    (places,) = np.nonzero(classifier.predict(images) == labels)
    return images[places], labels[places], places


def hold(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    ours: Mapping[str, attacks.Attack],
    theirs: Iterable[Peer],
    repeats: int,
    *arguments: Any,
) -> Contest:
    """Times everybody, in turns, in seconds of the processor.

    Each stands beside the bare gradient of all images at once of the framework
    that it takes its gradients from. What other work runs on the machine
    disturbs these seconds less than those of the clock on the wall.

    Args:
        classifier: The model to fool.
        images: The images to attack, all at once.
        labels: Their classes.
        ours: Name -> attack.
        theirs: Peers that may be missing.
        repeats: Rounds that are timed.
        *arguments: What the peers are told besides images and labels.
    """
    size = len(images)
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
    # Compiles what ours and TensorFlow's need.
    for call in calls.values():
        call()
    versions = {FLOOR: tf.__version__, **dict.fromkeys(ours, __version__)}
    floor_of = dict.fromkeys(ours, FLOOR)
    skipped = []
    for peer in theirs:
        # PyTorch compiles nothing: there a few images tell if it runs.
        some = slice(_TRIAL if peer.in_torch else size)
        run, reason = peer.try_out(
            classifier, images[some], labels[some], *arguments
        )
        if run is None:
            skipped.append(rows.skipped(peer, reason))
            continue
        floor_of[peer.name] = FLOOR
        if peer.in_torch:
            run = peer.prepare(classifier, images, labels, *arguments)
            floor_of[peer.name] = TORCH_FLOOR
            if TORCH_FLOOR not in calls:
                calls[TORCH_FLOOR] = _torch_floor(classifier, images, labels)
                versions[TORCH_FLOOR] = _torch_version()
        calls[peer.name], versions[peer.name] = run, peer.version()
    times = interleaved(calls, repeats, 0, time.process_time)
    seconds = {name: times.median(name) / size for name in calls}
    floors = {
        name: seconds[name] / _PASSES
        for name in (FLOOR, TORCH_FLOOR)
        if name in calls
    }
    bottom = [
        Row(name, versions[name], size, repeats, floor, 1.0)
        for name, floor in floors.items()
    ]
    table, made, success = {}, {}, {}
    for name, floor_name in floor_of.items():
        returned = times.returned[name]
        ratio = seconds[name] / floors[floor_name]
        made[name] = np.asarray(getattr(returned, "images", returned))
        outcome = rows.judge(classifier, images, made[name], labels)
        success[name] = outcome.success
        gradients = _mean(returned, "gradient_evaluations")
        table[name] = Row(
            *(name, versions[name], size, repeats, seconds[name], ratio),
            success=outcome.rate,
            distortion=outcome.mean,
            evaluations=gradients,
            to_gradients=ratio / gradients if gradients else None,
            queries=_mean(returned, "queries"),
        )
    return Contest(bottom, table, made, success, skipped)


def _call(
    attack: attacks.Attack,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
) -> Callable[[], attacks.AttackResult]:
    size = len(images)
    return lambda: attack(classifier, images, labels, batch_size=size)


def _torch_floor(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Callable[[], Any]:
    from advkeras.benchmark.peers import counted

    gradient = counted.gradient(classifier, images, labels)
    gradient()
    return lambda: [gradient() for _ in range(_PASSES)]


def _torch_version() -> str:
    import torch

    return str(torch.__version__)


def _mean(returned: Any, counted: str) -> float | None:
    """Returns the mean of what was counted; None where nothing was."""
    counts = getattr(returned, counted, None)
    if counts is None or not np.any(counts):
        return None
    return float(np.mean(counts))
