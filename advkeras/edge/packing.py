"""A bundle on disk: the folder and its .zip, whole or as they were."""

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import files
from advkeras.edge import page
from advkeras.edge.standalone import run_on_device

SCRIPT, MANIFEST = run_on_device.SCRIPT, run_on_device.MANIFEST

_README = """\
Do adversarial images still fool these models, on this device?

    pip install numpy ai-edge-litert
    python3 run_on_device.py

Python 3.8 or newer; tflite_runtime or tensorflow will do as well. No file is
needed but those of this folder, and no network. It prints one table a model
and writes device_results.json. Bring that file back to where the bundle was
made:

    advkeras edge_report --results=device_results.json

{page}*.tflite        the models
images/*.npy    what they are shown, uint8, (n, height, width, channels)
manifest.json   labels, what the models say on the host, SHA-256 of every file

Before anything else the script compares every file, itself and manifest.json
too, with the SHA-256 in manifest.json, and refuses to run where one differs,
is missing, or is code that is none of the bundle's. It imports nothing from
this folder. That finds what was damaged or changed on the way. It cannot find
a bundle that someone made anew, sums and all: keep the SHA-256 of the .zip.
"""

_PAGE = """\
Or in a browser, without any of these: serve this folder, as by

    python3 -m http.server

and open it from there. The page runs the models on LiteRT.js, and hands back a
device_results.json of the same kind.

index.html      the page; page/ holds its script
litertjs/       @litertjs/core and @litertjs/wasm-utils, Apache-2.0

"""


def write(
    output: Path,
    variants: Mapping[str, str | os.PathLike],
    images: Mapping[str, np.ndarray],
    manifest: dict[str, Any],
    as_page: bool = False,
) -> None:
    """Writes a folder, and `{output}.zip` beside it.

    Args:
        output: The folder, which `check_place` took.
        variants: Name -> .tflite file, to be copied.
        images: Path in the folder -> uint8 images.
        manifest: All of the manifest but its "files".
        as_page: Whether a web page goes with them that runs the models.

    Raises:
        ValueError: The place cannot be written, or results of a device lie in
            an earlier bundle that differs.
    """
    with files.writing("output", output), files.aside(output) as temporary:
        made = temporary / output.name
        _fill(made, variants, images, manifest, as_page)
        packed = temporary / "zip"
        _pack(made, packed)
        if not _same(output, made):
            _replace(output, made, temporary / "old")
        os.replace(packed, output.with_name(f"{output.name}.zip"))


def check_place(output: Path) -> None:
    """Raises ValueError unless a bundle may take this place."""
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
                or page.is_of_it(name)
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


def _fill(
    folder: Path,
    variants: Mapping[str, str | os.PathLike],
    images: Mapping[str, np.ndarray],
    manifest: dict[str, Any],
    as_page: bool,
) -> None:
    """Writes the folder, and the SHA-256 of its files into the manifest."""
    (folder / "images").mkdir(parents=True)
    for name, path in variants.items():
        shutil.copyfile(path, folder / manifest["models"][name]["file"])
    for name, pixels in images.items():
        np.save(folder / name, pixels)
    shutil.copyfile(run_on_device.__file__, folder / SCRIPT)
    (folder / SCRIPT).chmod(0o755)
    if as_page:
        page.write(folder)
    readme = _README.format(page=_PAGE if as_page else "")
    (folder / "README.txt").write_text(readme, encoding="utf-8")
    manifest["files"] = {
        path.relative_to(folder).as_posix(): files.sha256(path)
        for path in _files(folder)
    }
    manifest["sha256"] = run_on_device.digest_of(manifest)
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
