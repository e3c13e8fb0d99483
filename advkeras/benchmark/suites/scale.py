"""How time and memory grow with the number of images."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from advkeras.attacks import FGSM
from advkeras.attacks import LBFGS
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import targets as target_rules
from advkeras.benchmark.memory import peak_memory
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Outcome
from advkeras.benchmark.rows import Row
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.loading import load
from advkeras.version import __version__

REPEATS = 1


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times our attacks, and takes their peak memory, at several sizes.

    Each size has a process of its own, since peaks do not go down; so these
    calls cannot take turns.

    Args:
        classifier: The model to fool. Keras must be able to save it: the
            process loads it from a file.
        data: Where the images come from, and again from the first where
            there are fewer.
        options: How much is measured.

    Returns:
        A row for each attack and size; one that says why, where the model
        cannot be saved.
    """
    repeats = options.repeats or REPEATS
    images, labels = data.sample(options.sizes[-1], options.seed)
    targets = target_rules.choose(
        "random",
        images,
        labels,
        classifier.predict(images),
        classifier.num_classes,
        options.seed,
    )
    attacks = (
        ("FGSM()", FGSM(options.epsilon), None),
        ("LBFGS()", LBFGS(), targets),
    )
    table = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.keras"
        try:
            classifier.model.save(model)
        except (NotImplementedError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            note = f"skipped: Keras cannot save the model: {reason}"
            return [Row(name, note=note) for name, _, _ in attacks]
        about = (model, classifier.bounds, classifier.outputs)
        for name, attack, aims in attacks:
            smallest = None
            for size in options.sizes:
                chosen = np.arange(size) % len(images)
                arrays: dict[str, Any] = {
                    "images": images[chosen],
                    "labels": labels[chosen],
                }
                if aims is not None:
                    arrays["targets"] = aims[chosen]
                path = Path(folder) / "arrays.npz"
                np.savez(path, **arrays)
                memory = peak_memory(_prepare, about, attack, path, repeats)
                seconds, about_found = memory.returned
                smallest = smallest or seconds
                table.append(
                    Row(
                        name,
                        __version__,
                        size,
                        repeats,
                        seconds,
                        to_smallest=seconds / smallest,
                        peak_memory=memory.peak,
                        own_memory=memory.peak - memory.before,
                        array_memory=2 * arrays["images"].nbytes,
                        **about_found,
                    )
                )
    return table


def _prepare(
    about: tuple[Path, tuple[float, float], str],
    attack: Attack,
    path: Path,
    repeats: int,
) -> Callable[[], tuple[float, dict[str, Any]]]:
    """Loads model and images in a process of its own; see `peak_memory`."""
    classifier = load(*about)
    with np.load(path) as stored:
        arrays = dict(stored)

    def work() -> tuple[float, dict[str, Any]]:
        # What is compiled takes memory too; its time is paid once. Where more
        # images wait than are worked on at once, there is more of it.
        some = 2 * attack.default_batch_size
        warm = {k: v[:some] for k, v in arrays.items()}
        attack(classifier, **warm)
        seconds, found = [], {}
        for _ in range(repeats):
            start = time.perf_counter()
            result = attack(classifier, **arrays)
            seconds.append(time.perf_counter() - start)
            found = _figures(result)
            del result  # not to be there beside the next one
        return statistics.median(seconds) / len(arrays["images"]), found

    return work


def _figures(result: AttackResult) -> dict[str, Any]:
    outcome = Outcome(result.success, result.distortion)
    counts = result.gradient_evaluations
    return {
        "success": outcome.rate,
        "distortion": outcome.mean,
        "evaluations": None if counts is None else float(counts.mean()),
    }
