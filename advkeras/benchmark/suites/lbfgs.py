"""L-BFGS beside its gradients, beside SciPy, and beside other libraries."""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
import tensorflow as tf

from advkeras.attacks import LBFGS
from advkeras.attacks import targets as target_rules
from advkeras.benchmark import peers
from advkeras.benchmark import rows
from advkeras.benchmark.options import Options
from advkeras.benchmark.peers import threads
from advkeras.benchmark.rows import Outcome
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.suites import plain_scipy
from advkeras.benchmark.timing import Times
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 3
FLOOR = "bare gradient"
OURS = "LBFGS()"
LOCKSTEP = "SciPy in lockstep"
ONE_BY_ONE = "SciPy one at a time"
PLAIN = "plain SciPy"

# A pass over the images takes a millisecond, which is soon disturbed.
_PASSES = 20
# Enough for what a library does at its first call.
_WARM = 2


@dataclasses.dataclass(frozen=True, eq=False)
class _Task:
    """What everybody is given: one model, its images, and where to go."""

    classifier: Classifier
    images: np.ndarray
    labels: np.ndarray
    targets: np.ndarray

    def first(self, n: int) -> tuple[Classifier, Any, Any, Any]:
        return (
            self.classifier,
            self.images[:n],
            self.labels[:n],
            self.targets[:n],
        )


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times the search for the smallest change, c to 2 %.

    The floor is a gradient of our solver's batch. Who takes a tenth of a
    second an image works on the first `options.slow_examples` images, once;
    all the others take turns on all of them. SciPy has one BLAS thread, since
    two may be ten times as slow: see `peers.threads`.

    Args:
        classifier: The model to fool.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The bare gradient, ours, SciPy in lockstep, one image at a time and
        the plain way, and the peers.
    """
    task = _sampled(classifier, data, options)
    n, slow = len(task.images), min(options.slow_examples, len(task.images))
    repeats = options.repeats or REPEATS
    scipy_solver = LBFGS(solver="scipy")
    quick: dict[str, Callable[[], Any]] = {
        FLOOR: _gradients(task),
        OURS: lambda: LBFGS()(*task.first(n)),
        LOCKSTEP: lambda: scipy_solver(*task.first(n)),
    }
    slowly: dict[str, Callable[[], Any]] = {
        ONE_BY_ONE: lambda: scipy_solver(*task.first(slow), batch_size=1),
        PLAIN: threads.one_for_blas(
            lambda: plain_scipy.attack(
                classifier, task.images[:slow], task.targets[:slow]
            )
        ),
    }
    versions = {
        FLOOR: tf.__version__,
        OURS: __version__,
        LOCKSTEP: scipy.__version__,
        ONE_BY_ONE: scipy.__version__,
        PLAIN: scipy.__version__,
    }
    missing = []
    for peer in peers.LBFGS_PEERS:
        run, reason = peer.try_out(*task.first(_WARM))
        if run is None:
            missing.append(rows.skipped(peer, reason))
            continue
        calls = slowly if peer.slow else quick
        calls[peer.name] = peer.prepare(*task.first(slow if peer.slow else n))
        versions[peer.name] = peer.version()

    quick[FLOOR]()
    quick[OURS]()  # in full: what it compiles may depend on the number
    scipy_solver(*task.first(_WARM))
    plain_scipy.attack(classifier, task.images[:1], task.targets[:1])
    often = interleaved(quick, repeats, warmup=0)
    once = interleaved(slowly, 1, warmup=0)
    seconds = {name: often.median(name) / n for name in quick}
    seconds |= {name: once.median(name) / slow for name in slowly}
    seconds[FLOOR] /= _PASSES
    known = dict.fromkeys(quick, (n, repeats))
    known |= dict.fromkeys(slowly, (slow, 1))
    order = [FLOOR, OURS, LOCKSTEP, ONE_BY_ONE, PLAIN]
    order += [peer.name for peer in peers.LBFGS_PEERS if peer.name in seconds]
    table = [
        Row(
            name,
            versions[name],
            *known[name],
            seconds[name],
            seconds[name] / seconds[FLOOR],
            seconds[name] / seconds[OURS],
        )
        for name in order
    ]
    found = _found(task, (often, once))
    return [_completed(row, seconds[FLOOR], found) for row in table] + missing


def _sampled(classifier: Classifier, data: ImageSet, options: Options) -> _Task:
    images, labels = data.sample(options.examples, options.seed)
    targets = target_rules.choose(
        "random",
        images,
        labels,
        classifier.predict(images),
        classifier.num_classes,
        options.seed,
    )
    return _Task(classifier, images, labels, targets)


def _gradients(task: _Task) -> Callable[[], None]:
    gradient = bare.gradient(task.classifier)
    size = LBFGS.default_batch_size
    batches = [
        (
            tf.constant(task.images[i : i + size], task.classifier.dtype),
            tf.constant(task.targets[i : i + size]),
        )
        for i in range(0, len(task.images), size)
    ]

    def run() -> None:
        for _ in range(_PASSES):
            for batch in batches:
                gradient(*batch)

    return run


@dataclasses.dataclass(frozen=True, eq=False)
class _Found:
    outcome: Outcome
    evaluations: float | None


def _found(task: _Task, timed: Sequence[Times]) -> dict[str, _Found]:
    judged = {}
    returned = {k: v for times in timed for k, v in times.returned.items()}
    for name, value in returned.items():
        if value is None:
            continue
        # Ours and the plain way say more than the images.
        images = getattr(value, "images", value)
        counts = getattr(value, "gradient_evaluations", None)
        judged[name] = _Found(
            rows.judge(
                task.classifier, task.images, images, targets=task.targets
            ),
            None if counts is None else float(np.mean(counts)),
        )
    return judged


def _completed(row: Row, floor: float, found: dict[str, _Found]) -> Row:
    """Adds what was found to what it took."""
    if row.name not in found or row.seconds is None:
        return row
    outcome = found[row.name].outcome
    evaluations = found[row.name].evaluations
    one_by_one = outcome.beside(found[ONE_BY_ONE].outcome)
    lockstep = outcome.beside(found[LOCKSTEP].outcome)
    return dataclasses.replace(
        row,
        success=outcome.rate,
        distortion=outcome.mean,
        evaluations=evaluations,
        to_gradients=row.seconds / (evaluations * floor)
        if evaluations
        else None,
        to_scipy=one_by_one and one_by_one[0],
        to_lockstep=lockstep and lockstep[0],
        worst=lockstep and lockstep[1],
    )
