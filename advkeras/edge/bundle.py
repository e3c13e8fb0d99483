"""The bundle: models, images and a script for a device without TensorFlow."""

import concurrent.futures
import json
import os
import re
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.edge import packing
from advkeras.edge import page as web
from advkeras.edge import pixels as pixel_steps
from advkeras.edge import runtimes as executors
from advkeras.edge.checking import check_fits
from advkeras.edge.runtimes import device
from advkeras.edge.shown import Shown
from advkeras.edge.shown import to_show
from advkeras.edge.standalone import run_on_device
from advkeras.models import cards


def write_bundle(
    output: str | os.PathLike,
    results: AttackResult | Mapping[str, AttackResult],
    variants: Mapping[str, str | os.PathLike],
    *,
    source: Classifier,
    class_names: Sequence[str],
    runtimes: Sequence[str] = executors.DEFAULT,
    overshoots: Sequence[float] = (1.0, 1.05, 1.2),
    camera: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    timeout: float = 300.0,
    page: bool = False,
) -> Path:
    """Writes what a device needs to say whether these examples fool it.

    A folder, and the same as a .zip beside it: the models, the images as
    uint8, `run_on_device.py`, and `manifest.json` with the SHA-256 of each
    file and the outputs of the runtimes of this machine. The same arguments
    give the same bytes.

    Args:
        output: The folder; new, empty, or an earlier bundle, which is
            replaced.
        results: What an attack found on the float model, or name -> result.
        variants: Name -> .tflite file.
        source: The float model, whose bounds are those of the images.
        class_names: What each label stands for.
        runtimes: Runtimes of this machine, whose outputs the bundle holds.
        overshoots: Factors that the perturbation is scaled by.
        camera: Camera steps, as for `survival`; with any, a further kind of
            sets of images.
        about: What is known besides, as JSON values: "source", a name of the
            float model, "dataset", "seed" and "command".
        timeout: Seconds that one batch may take on this machine.
        page: Whether the bundle is a web page, too, which runs the models in
            a browser; for that LiteRT.js has to be on this machine.

    Returns:
        The folder.

    Raises:
        ValueError: An argument is not as described.

    Example:
        >>> variants = ak.edge.export(model, "out/", calibration=images)
        >>> write_bundle("bundle", result, variants, source=classifier,
        ...     class_names=data.class_names)
    """
    output = Path(output)
    if isinstance(results, AttackResult):
        results = {"attack": results}
    _check_names("results", results)
    check(output, variants, runtimes, overshoots, camera, page)
    for name, result in results.items():
        if result.bounds != source.bounds:
            raise ValueError(
                f"`results` must be within the bounds of `source`, "
                f"{source.bounds}. Received: {name!r} within {result.bounds}"
            )
    for name, path in variants.items():
        if not Path(path).is_file():
            raise ValueError(
                "`variants` must name .tflite files. "
                f"Received: variants[{name!r}]={os.fspath(path)!r}"
            )
        check_fits(path, source, timeout)
    shown = to_show(results, overshoots, camera, source, kinds=("uint8",))
    pixels = {one.name: one.uint8() for one in shown}
    models, expected, versions, skipped = _run_here(
        variants, runtimes, pixels, source.bounds, timeout
    )
    manifest = {
        "format": device.FORMAT,
        "source": source.model.name,
        "dataset": None,
        "seed": None,
        "command": None,
        **_checked_about(about),
        "class_names": list(class_names),
        "bounds": list(source.bounds),
        "versions": {**cards.versions(), **versions},
        "files": {},
        "models": models,
        "sets": [_set(one, pixels[one.name]) for one in shown],
        "expected": expected,
        "skipped": skipped,
    }
    images = {one["file"]: pixels[one["name"]] for one in manifest["sets"]}
    packing.write(output, variants, images, manifest, page)
    return output


def check(
    output: str | os.PathLike,
    variants: Iterable[str],
    runtimes: Sequence[str],
    overshoots: Sequence[float],
    camera: Sequence[str],
    page: bool = False,
) -> None:
    """Raises ValueError unless `write_bundle` takes these.

    Args:
        output: As for `write_bundle`.
        variants: Their names.
        runtimes: As for `write_bundle`.
        overshoots: As for `write_bundle`.
        camera: As for `write_bundle`.
        page: As for `write_bundle`.
    """
    packing.check_place(Path(output))
    if page:
        web.check_here()
    _check_names("variants", variants)
    for runtime in runtimes:
        checks.check_choice("runtimes", runtime, executors.HERE)
        executors.check(runtime)
    for factor in overshoots:
        checks.check_positive("overshoots", factor)
    # They become part of names.
    if len({f"{factor:.2f}" for factor in overshoots}) < len(overshoots):
        raise ValueError(
            "`overshoots` must differ in their first two decimals. "
            f"Received: overshoots={tuple(overshoots)!r}"
        )
    pixel_steps.check_camera(camera)


def _check_names(argument: str, names: Iterable[str]) -> None:
    # They become names of files.
    names = list(names)
    for name in names:
        if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII):
            raise ValueError(
                f"`{argument}` must be named by letters, digits and _ . + -. "
                f"Received: {argument} with {name!r}"
            )
    if not names:
        raise ValueError(f"`{argument}` must not be empty. Received: none")


def _checked_about(about: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(about or {}, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`about` must be JSON values by name. Received: about={about!r}"
        ) from error


def _run_here(
    variants: Mapping[str, str | os.PathLike],
    runtimes: Sequence[str],
    pixels: Mapping[str, np.ndarray],
    bounds: checks.Bounds,
    timeout: float,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str], list[Any]]:
    """Runs every variant on every runtime of this machine.

    Returns:
        "models", "expected", versions of the runtimes, and "skipped".
    """
    models: dict[str, Any] = {
        name: {"file": f"{name}.tflite"} for name in variants
    }
    expected: dict[str, Any] = {runtime: {} for runtime in runtimes}
    versions: dict[str, str] = {}
    skipped = []

    def run(target: tuple[str, str]) -> Any:
        variant, runtime = target
        try:
            with executors.Interpreter(
                variants[variant], runtime, timeout=timeout
            ) as session:
                about = {"input": session.input, "output": session.output}
                return about, session.version, _outputs(session, pixels, bounds)
        except executors.CannotRunError as error:
            return error.reason

    # As many at a time as there are cores: each has a process of its own.
    targets = [(name, runtime) for name in variants for runtime in runtimes]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (variant, runtime), found in zip(
            targets, pool.map(run, targets), strict=True
        ):
            if isinstance(found, str):
                skipped.append(
                    {"variant": variant, "runtime": runtime, "reason": found}
                )
                continue
            about, versions[runtime], expected[runtime][variant] = found
            models[variant] = {**about, **models[variant]}
    return models, expected, versions, skipped


def _outputs(
    session: executors.Interpreter,
    pixels: Mapping[str, np.ndarray],
    bounds: checks.Bounds,
) -> dict[str, Any]:
    return {
        name: run_on_device.encode(
            session.predict(run_on_device.from_uint8(images, bounds)).outputs
        )
        for name, images in pixels.items()
    }


def _set(shown: Shown, pixels: np.ndarray) -> dict[str, Any]:
    fooled = shown.fooled
    return {
        "name": shown.name,
        "attack": shown.attack,
        "pixels": shown.pixels,
        "overshoot": shown.overshoot,
        "file": f"images/{shown.name.replace(' ', '-')}.npy",
        "labels": shown.labels.tolist(),
        "source_labels": np.asarray(shown.source_labels).tolist(),
        "fooled": None if fooled is None else fooled.astype(int).tolist(),
        "image_sha256": [device.image_sha256(image) for image in pixels],
    }
