"""What survives of a model's adversarial examples, with its picture."""

import functools
import os
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from advkeras import checks
from advkeras import edge
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.report import figures
from advkeras.report.looking import add_answers
from advkeras.report.looking import keep_answers
from advkeras.report.run import Run


def survival_report(
    run: Run,
    name: str,
    source: Classifier,
    attacks: Mapping[str, Attack],
    images: Any,
    labels: Any,
    variants: Mapping[str, str | os.PathLike],
    *,
    examples: Sequence[int] = (),
    runtimes: Sequence[str] = edge.DEFAULT_RUNTIMES,
    overshoots: Sequence[float] = edge.OVERSHOOTS,
    camera: Sequence[str] = (),
    threads: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """Attacks a float model, and shows what was found to its copies.

    Args:
        run: Where examples and the picture go; what is there is used.
        name: What to call the float model.
        source: The float model.
        attacks: Name -> attack.
        images: As for the attacks.
        labels: True labels, (n,); None for those of a data set.
        variants: Name -> .tflite file.
        examples: For each attack, how many of the images, from the first;
            all, if this is empty.
        runtimes: As for `ak.edge.survival`.
        overshoots: As for `ak.edge.survival`.
        camera: As for `ak.edge.survival`.
        threads: As for `ak.edge.survival`.
        seed: Seed of the attacks.

    Returns:
        For results.json: "source", "attacks", "survival", "figure", a path
        relative to the run's folder, and "pictured", the names of the files
        of examples to look at.

    Raises:
        ValueError: As `ak.edge.survival`, and if a file does not fit the
            float model; before any attack. Or what is there is of other
            images, attacks, models or settings.
    """
    edge.check_settings(runtimes, overshoots, camera, threads)
    for path in variants.values():
        edge.check_fits(path, source)
    # A run that goes on knows it: it comes before the first attack.
    if variants and not (run.output / "examples").exists():
        edge.check_runs(variants, runtimes)
    images, labels = source.examples(images, labels)
    labels = checks.check_labels(labels, len(images), source.num_classes)
    results = run.attack_all(
        attacks, source, images, labels, seed, examples=examples, of=f"-{name}"
    )
    of = {
        "examples": {key: one.fingerprint() for key, one in results.items()},
        "model": source.fingerprint(),
        "overshoots": list(overshoots),
        "camera": list(camera),
        "threads": threads,
    }
    found = edge.survival(
        results,
        variants,
        runtimes,
        source=source,
        overshoots=overshoots,
        camera=camera,
        threads=threads,
        progress=run.progress,
        once=functools.partial(run.once, of=of),
    )
    files_of = {key: f"{key}-{name}" for key in attacks}
    keep_answers(
        run, {name: source}, {files_of[k]: v for k, v in results.items()}
    )
    add_answers(run, found.answers, files_of)
    survival = found.to_json()
    figure = f"survival-{name}.png"
    figures.overshoot_curves(survival, run.output / figure, title=name)
    return {
        "source": name,
        "attacks": {key: repr(attack) for key, attack in attacks.items()},
        "survival": survival,
        "figure": figure,
        "pictured": list(files_of.values()),
    }


def check_any_copy(results: dict[str, Any]) -> None:
    """Raises ValueError where there is nothing at all to say of a copy.

    Args:
        results: With what `survival_report` returns, `white_box_report`, or
            both, under "survival" and "white_box".
    """
    parts = [results[k] for k in ("survival", "white_box") if k in results]
    rows = [row for part in parts for row in part["rows"]]
    if any(row["variant"] != "source" for row in rows):
        return
    reasons = "; ".join(
        f"{one['variant']}: {one['reason']}"
        for part in parts
        for one in part["skipped"]
    )
    must = "that can be run" if "survival" in results else "with gradients"
    raise ValueError(f"`tflite` must be files {must}. Received: {reasons}")
