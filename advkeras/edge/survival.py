"""Survival: what still fools the copies of a model that devices run."""

import concurrent.futures
import dataclasses
import hashlib
import itertools
import os
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras import files
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.edge import flatbuffer
from advkeras.edge import runtimes as executors
from advkeras.edge.alike import alike
from advkeras.edge.alike import rounded
from advkeras.edge.alike import said
from advkeras.edge.alike import sets_of
from advkeras.edge.checking import check_settings
from advkeras.edge.outcomes import Outcome
from advkeras.edge.outcomes import Row
from advkeras.edge.outcomes import Survival
from advkeras.edge.parting import Parting
from advkeras.edge.parting import partings
from advkeras.edge.shown import OVERSHOOTS
from advkeras.edge.shown import Shown
from advkeras.edge.shown import to_show
from advkeras.edge.standalone import run_on_device
from advkeras.progress import bar as progress_bar

_TIMED = 100  # images whose latency is taken


def survival(
    results: AttackResult | Mapping[str, AttackResult],
    variants: Mapping[str, str | os.PathLike],
    runtimes: Sequence[str] = executors.DEFAULT,
    *,
    source: Classifier | keras.Model | None = None,
    overshoots: Sequence[float] = OVERSHOOTS,
    camera: Sequence[str] = (),
    threads: int = 1,
    timeout: float = 300.0,
    progress: bool = False,
    once: Callable[[str, Callable[[], Any]], Any] | None = None,
) -> Survival:
    """Shows what fools a float model to the copies that devices run.

    Args:
        results: What an attack found on the float model, or name -> result.
        variants: Name -> .tflite file, as `export` returned them.
        runtimes: Of `advkeras.edge.RUNTIMES`, and "device:FILE" for the
            results that came back from a device.
        source: The float model; without it, what it says of rounded and
            overshot images is not known.
        overshoots: Factors that the perturbation is scaled by.
        camera: Steps between the rounding and the target, as
            ("jpeg:75", "resize:0.5", "brightness:1.2").
        threads: Threads of each interpreter.
        timeout: Seconds that one batch may take.
        progress: Whether to show a progress bar.
        once: Called as `once(name, make)` for every target, and again for its
            latency; returns `make()`, or what it returned in a run before.

    Returns:
        A `Survival`. A target that cannot run is in `skipped`, with why.

    Raises:
        ValueError: An argument is not as described; before any work.

    Example:
        >>> variants = ak.edge.export(model, "out/", calibration=images)
        >>> found = ak.edge.survival(result, variants, ("litert",))
        >>> found.find("int8", "litert").find("attack", "uint8").survival
    """
    if isinstance(results, AttackResult):
        results = {"attack": results}
    if not isinstance(results, Mapping):
        check_result("results", results)
    _check_results(results)
    check_settings(runtimes, overshoots, camera, threads)
    checks.check_positive("timeout", timeout)
    sizes = {name: _size(name, path) for name, path in variants.items()}
    if source is not None:
        source = as_classifier(source)
    shown = to_show(results, overshoots, camera, source)
    targets = [(name, runtime) for name in variants for runtime in runtimes]
    base = 1.0 if 1.0 in overshoots else overshoots[0]
    store = once or (lambda name, make: make())

    def run(target: tuple[str, str]) -> dict[str, Any]:
        variant, runtime = target
        with executors.start(
            variants[variant], runtime, threads, timeout
        ) as session:
            outcomes, answers = _answers(session, shown, base)
            row = Row(
                variant=variant,
                runtime=runtime,
                version=session.version,
                threads=threads,
                bytes=sizes[variant],
                latency=None,
                outcomes=outcomes,
            )
        return {"row": row.to_json(), "answers": answers}

    def latency(target: tuple[str, str]) -> dict[str, float] | None:
        path, images = variants[target[0]], shown[0].images()[:_TIMED]
        return _latency(path, target[1], threads, timeout, images)

    def kept(
        make: Callable[[tuple[str, str]], Any],
        target: tuple[str, str],
        suffix: str = "",
    ) -> Any:
        if target[1] not in executors.HERE:
            return make(target)  # a device has done the work
        digest = files.sha256(variants[target[0]])[:16]
        name = "-".join((*target, digest)) + suffix
        return store(name, lambda: make(target))

    # What cannot run is not kept: the next call tries it again.
    def row_or_reason(target: tuple[str, str]) -> dict[str, Any]:
        try:
            return kept(run, target, "-answers")
        except ValueError as error:
            reason = getattr(error, "reason", str(error))
            variant, runtime = target
            return {"variant": variant, "runtime": runtime, "reason": reason}

    # Every target has a process of its own: as many at a time as cores.
    workers = max(1, (os.cpu_count() or 1) // threads)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        made = list(
            progress_bar(
                pool.map(row_or_reason, targets),
                desc="targets",
                unit="",
                total=len(targets),
                disable=not progress,
            )
        )
    # Latency is taken afterwards, when nothing else runs.
    ran = [one for one in made if "reason" not in one]
    rows = [
        dataclasses.replace(
            row, latency=kept(latency, (row.variant, row.runtime), "-latency")
        )
        for row in (Row.from_json(one["row"]) for one in ran)
    ]
    if source is not None:
        rows.insert(0, _source_row(shown, source))
    sets = sets_of(ran)

    def parted(variant: str) -> tuple[Parting, ...]:
        path = variants[variant]
        here = {
            key[1:]: {r: said for r, said in of.items() if r in executors.HERE}
            for key, of in sets.items()
            if key[0] == variant
        }
        names = list(dict.fromkeys(itertools.chain(*here.values())))
        # Sums of floats are taken in another order: they part everywhere.
        if len(names) < 2 or flatbuffer.describe(path).float_operators:
            return ()

        def images_of(*wanted: str) -> np.ndarray:
            return next(
                one.images()
                for one in shown
                if (one.attack, one.pixels, one.overshoot) == (*wanted, base)
            )

        def make() -> list[dict[str, Any]]:
            found = partings(variant, path, here, images_of, timeout)
            return [one.to_json() for one in found]

        digest = files.sha256(path)[:16]
        name = "-".join(("partings", variant, *names, digest))
        return tuple(map(Parting.from_json, store(name, make)))

    return Survival(
        attacks={
            one.attack: {"n": len(one.labels), "fooled": int(one.fooled.sum())}
            for one in shown
            if one.attack is not None and one.fooled is not None
        },
        overshoots=tuple(overshoots),
        camera=tuple(camera),
        rows=tuple(rows),
        skipped=tuple(one for one in made if "reason" in one),
        alike=tuple(
            alike(*key, answers)
            for key, answers in sets.items()
            if len(answers) > 1
        ),
        partings=tuple(itertools.chain(*map(parted, variants))),
        answers=rounded(ran),
    )


def _answers(
    session: executors.Runtime, shown: Sequence[Shown], base: float
) -> tuple[tuple[Outcome, ...], list[dict[str, Any]]]:
    """Returns an outcome a set, and what was said of images not overshot."""
    outcomes, seen = [], {}
    answers: list[dict[str, Any]] = []
    for one in shown:
        if one.pixels == "float" and not session.takes_float:
            continue
        images = one.images()
        # Rounded or not, an int8 input often holds the very same numbers.
        inputs = run_on_device.quantize(images, session.input)
        key = hashlib.sha256(inputs.tobytes()).digest()
        if key not in seen:
            seen[key] = session.predict(images)
        outcomes.append(one.outcome(seen[key].labels))
        if one.overshoot in (None, base):
            about = {"attack": one.attack, "pixels": one.pixels}
            answers.append({**about, **said(seen[key], session.output)})
    return tuple(outcomes), answers


def _latency(
    path: str | os.PathLike,
    runtime: str,
    threads: int,
    timeout: float,
    images: np.ndarray,
) -> dict[str, float] | None:
    try:
        with executors.start(path, runtime, threads, timeout) as session:
            times = session.latencies(images)
    except ValueError:  # it ran before, and what it said stands
        return None
    return {
        "median": float(np.median(times)),
        "p90": float(np.quantile(times, 0.9)),
        "n": len(times),
    }


def _source_row(shown: Sequence[Shown], source: Classifier) -> Row:
    # A lifted file is the source of its own examples: an interpreter answers.
    runtime = getattr(source, "runtime", "keras")
    return Row(
        variant="source",
        runtime=runtime,
        version=f"keras {keras.__version__}" if source.exact else runtime,
        threads=0,
        bytes=None,
        latency=None,
        outcomes=tuple(
            one.outcome(one.source_labels)
            for one in shown
            if one.source_labels is not None
        ),
    )


def _check_results(results: Mapping[str, AttackResult]) -> None:
    for name, result in results.items():
        check_result(f"results[{name!r}]", result)


def _size(name: str, path: str | os.PathLike) -> int:
    if name == "source":
        raise ValueError(
            "`variants` must have other names than 'source', which is the "
            f"float model. Received: variants[{name!r}]={os.fspath(path)!r}"
        )
    if not Path(path).is_file():
        raise ValueError(
            "`variants` must name .tflite files. "
            f"Received: variants[{name!r}]={os.fspath(path)!r}"
        )
    return Path(path).stat().st_size
