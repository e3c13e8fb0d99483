"""The bundle: models, images and a script for a device without TensorFlow."""

import concurrent.futures
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.edge import pixels as pixel_steps
from advkeras.edge import runtimes as executors
from advkeras.edge.runtimes import device
from advkeras.edge.shown import Shown
from advkeras.edge.shown import to_show
from advkeras.edge.standalone import run_on_device
from advkeras.edge.survival import check_fits
from advkeras.models import cards

SCRIPT = "run_on_device.py"
MANIFEST = "manifest.json"

_README = """\
Do adversarial images still fool these models, on this device?

    pip install numpy ai-edge-litert
    python3 run_on_device.py

Python 3.8 or newer; tflite_runtime or tensorflow will do as well. No file is
needed but those of this folder, and no network. It prints one table a model
and writes device_results.json. Bring that file back to where the bundle was
made:

    python -m apps.edge_report --results=device_results.json

*.tflite        the models
images/*.npy    what they are shown, uint8, (n, height, width, channels)
manifest.json   labels, what the models say on the host, SHA-256 of every file
"""


def write_bundle(
    output: str | os.PathLike,
    results: AttackResult | Mapping[str, AttackResult],
    variants: Mapping[str, str | os.PathLike],
    *,
    source: Classifier,
    class_names: Sequence[str],
    runtimes: Sequence[str] = ("litert", "litert-reference", "tflm"),
    overshoots: Sequence[float] = (1.0, 1.05, 1.2),
    camera: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    timeout: float = 300.0,
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
    check(variants, runtimes, overshoots, camera)
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
    _check_place(output)
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
    try:
        with tempfile.TemporaryDirectory(
            dir=_made(output.parent), prefix=f".{output.name}."
        ) as temporary:
            made = Path(temporary) / output.name
            _write(made, variants, pixels, manifest)
            packed = Path(temporary) / "zip"
            _pack(made, packed)
            if not _same(output, made):
                _replace(output, made, Path(temporary) / "old")
            os.replace(packed, output.with_name(f"{output.name}.zip"))
    except OSError as error:
        raise ValueError(
            "`output` must be a place that can be written. "
            f"Received: output={os.fspath(output)!r} ({error.strerror})"
        ) from error
    return output


def check(
    variants: Iterable[str],
    runtimes: Sequence[str],
    overshoots: Sequence[float],
    camera: Sequence[str],
) -> None:
    """Raises ValueError unless `write_bundle` takes these.

    Args:
        variants: Their names.
        runtimes: As for `write_bundle`.
        overshoots: As for `write_bundle`.
        camera: As for `write_bundle`.
    """
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


def _check_place(output: Path) -> None:
    if output.name in ("", ".."):
        raise ValueError(
            "`output` must be the name of a folder. "
            f"Received: output={os.fspath(output)!r}"
        )
    if not os.path.lexists(output):
        return
    if not output.is_dir() or (
        any(output.iterdir()) and not (output / MANIFEST).is_file()
    ):
        raise ValueError(
            "`output` must be new, an empty folder, or an earlier bundle. "
            f"Received: output={os.fspath(output)!r}"
        )


def _same(output: Path, made: Path) -> bool:
    """Says whether the bundle just made is the one that lies there, whole."""
    if not (output / MANIFEST).is_file():
        return False
    try:
        there = run_on_device.read_bundle(output)
    except ValueError:
        return False
    return there == run_on_device.read_bundle(made)


def _replace(output: Path, made: Path, aside: Path) -> None:
    if output.is_dir():
        # What a device said of an earlier bundle must not go with it.
        ours = {"README.txt", SCRIPT, MANIFEST}
        for path in _files(output):
            name = path.relative_to(output).as_posix()
            if not (
                name in ours
                or path.suffix in (".npy", ".tflite")
                or "__pycache__" in path.parts
            ):
                raise ValueError(
                    "`output` must be new, or hold an earlier bundle and "
                    "nothing else; move the rest away. Received: "
                    f"output={os.fspath(output)!r}, with {name}"
                )
        os.replace(output, aside)
    os.replace(made, output)


def _run_here(
    variants: Mapping[str, str | os.PathLike],
    runtimes: Sequence[str],
    pixels: Mapping[str, np.ndarray],
    bounds: tuple[float, float],
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
    bounds: tuple[float, float],
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
        "file": _image_file(shown.name),
        "labels": shown.labels.tolist(),
        "source_labels": np.asarray(shown.source_labels).tolist(),
        "fooled": None if fooled is None else fooled.astype(int).tolist(),
        "image_sha256": [device.image_sha256(image) for image in pixels],
    }


def _image_file(name: str) -> str:
    return f"images/{name.replace(' ', '-')}.npy"


def _write(
    folder: Path,
    variants: Mapping[str, str | os.PathLike],
    pixels: Mapping[str, np.ndarray],
    manifest: dict[str, Any],
) -> None:
    """Writes the folder, and the SHA-256 of its files into the manifest."""
    (folder / "images").mkdir(parents=True)
    for name, path in variants.items():
        shutil.copyfile(path, folder / manifest["models"][name]["file"])
    for name, images in pixels.items():
        np.save(folder / _image_file(name), images)
    shutil.copyfile(run_on_device.__file__, folder / SCRIPT)
    (folder / SCRIPT).chmod(0o755)
    (folder / "README.txt").write_text(_README, encoding="utf-8")
    manifest["files"] = {
        path.relative_to(folder).as_posix(): files.sha256(path)
        for path in _files(folder)
    }
    files.write_json(folder / MANIFEST, manifest)


def _pack(folder: Path, path: Path) -> None:
    # Neither the time of day nor who writes it may change a byte.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            name = f"{folder.name}/{file.relative_to(folder).as_posix()}"
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, for the mode
            mode = 0o755 if file.name == SCRIPT else 0o644
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, file.read_bytes())


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
