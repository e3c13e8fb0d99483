"""results.json: what every one of them says, and how it is read again."""

import dataclasses
import datetime
import importlib.resources
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import files
from advkeras.edge.standalone import run_on_device
from advkeras.models import cards

SCHEMA = 1  # raised when a reader of the one before would go wrong

# What differs between two runs that found the same.
_WHEN_AND_WHERE = ("date", "platform")
# One of these every app writes; a model's card has none.
_PARTS = (
    *("agreements", "evaluation", "executors", "matrices", "robustness"),
    *("survival", "tables", "variants", "white_box"),
)


def schema() -> dict[str, Any]:
    """Returns the JSON Schema of results.json, of the version written now."""
    folder = importlib.resources.files("advkeras.report") / "schema"
    text = (folder / "results.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def save(path: str | os.PathLike, results: Mapping[str, Any]) -> dict[str, Any]:
    """Writes results.json, with the date, the platform and the versions.

    Results that are there already, and the same, keep their date.

    Args:
        path: Where to write.
        results: What was measured, as JSON values.

    Returns:
        What the file holds.
    """
    written = {
        "schema": SCHEMA,
        "date": datetime.datetime.now(datetime.UTC).isoformat(
            timespec="seconds"
        ),
        "platform": _platform(),
        "versions": cards.versions(),
        **results,
    }
    try:
        before = files.read_json(path, kind=dict)
    except ValueError:  # none, or none that is whole
        before = {}
    if _found(before) == _found(json.loads(json.dumps(written))):
        return before
    files.write_json(path, written)
    return written


def read(path: str | os.PathLike) -> dict[str, Any]:
    """Reads the results.json of any app, of this version or an older one.

    Args:
        path: The file, or the folder of the run that wrote it.

    Returns:
        What it holds, as this version would have written it. What an older
        one did not write is None: "date" and "platform".

    Raises:
        ValueError: There is no such file, it is no results.json, or one that
            a newer advkeras wrote.

    Example:
        >>> results = ak.report.read("output/transfer")
        >>> ak.report.frame(results)
    """
    path = Path(path)
    if path.is_dir():
        path = path / "results.json"
    held: dict[str, Any] = files.read_json(path, kind=dict)
    version = held.get("schema", 0)
    received = f"Received: path={os.fspath(path)!r}"
    known = isinstance(version, int) and not isinstance(version, bool)
    if not known or version < 0 or not _is_one(held):
        raise ValueError(
            f"`path` must be a results.json, as an app writes it. {received}"
        )
    if version > SCHEMA:
        versions = held.get("versions")
        own = versions.get("advkeras") if isinstance(versions, dict) else None
        raise ValueError(
            f"`path` must be a results.json of schema {SCHEMA} or older, which "
            f"this advkeras reads. {received}, of schema {version}, written by "
            f"advkeras {own or 'of a later version'}"
        )
    if version == 0:  # before there were versions
        held = {
            "schema": SCHEMA,
            "date": None,
            "platform": None,
            "versions": {},
            **held,
        }
    return held


def parameters(value: Any) -> Any:
    """Returns an attack, or a hyper-parameter, as JSON values.

    Args:
        value: An attack becomes a mapping of its hyper-parameters, with its
            name under "class"; of what is no number, text or list of those,
            the kind is named.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            "class": type(value).__name__,
            **{
                field.name: parameters(getattr(value, field.name))
                for field in dataclasses.fields(value)
            },
        }
    if isinstance(value, list | tuple):
        return [parameters(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return type(value).__name__


def _is_one(held: Mapping[str, Any]) -> bool:
    return isinstance(held.get("command"), str) and (
        "schema" in held or any(part in held for part in _PARTS)
    )


def _found(results: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in results.items() if k not in _WHEN_AND_WHERE}


def _platform() -> dict[str, Any]:
    """Returns what a run is on; nothing that names its owner."""
    about = run_on_device.describe()
    return {
        **{key: about[key] for key in ("machine", "processor", "system")},
        "python": about["python"],
        "devices": [
            device.device_type for device in tf.config.list_physical_devices()
        ],
    }
