"""Stored: the arrays of an AttackResult, as a file gives them back."""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

# Field -> kinds of its type, and how many axes it has.
_ARRAYS = {
    "originals": ("f", 4),
    "images": ("f", 4),
    "labels": ("iu", 1),
    "targets": ("iu", 1),
    "clean_predictions": ("iu", 1),
    "predictions": ("iu", 1),
    "success": ("b", 1),
    "c": ("f", 1),
    "c_bracket": ("f", 2),
    "gradient_evaluations": ("iu", 1),
    "stop": ("U", 1),
    "classes_asked": ("iu", 1),
    "queries": ("iu", 1),
    "member": ("U", 1),
}
# Field -> kinds of what is said once of all images.
_OF_ALL = {"model": "U", "attack": "U", "seed": "iu"}
_ABSENT = ("targets",)  # left out of the file where they are None


def files_of(path: str | os.PathLike) -> list[Path]:
    """Returns a file, or those of a folder by their names."""
    path = Path(path)
    return sorted(path.glob("*.npz")) if path.is_dir() else [path]


def read(
    path: str | os.PathLike, fields: Iterable[dataclasses.Field]
) -> dict[str, Any]:
    """Returns the arrays of an .npz file, by field; never unpickles.

    Args:
        path: The file.
        fields: Those that a file may hold. What has no default must be there.

    Raises:
        Exception: Of whatever kind a damaged or foreign file leads to.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays: dict[str, Any] = dict(file)
    known = {field.name: field.default for field in fields}
    needed = {
        name
        for name, default in known.items()
        if default is dataclasses.MISSING and name not in _ABSENT
    }
    if missing := sorted(needed - arrays.keys()):
        raise ValueError(f"without {', '.join(missing)}")
    if foreign := sorted(arrays.keys() - known.keys()):
        raise ValueError(f"also with {', '.join(foreign)}")
    for name, array in arrays.items():
        if name in _ARRAYS:
            _check(name, array, len(arrays["images"]))
        elif name in _OF_ALL:
            if array.dtype.kind not in _OF_ALL[name] or array.ndim:
                raise ValueError(f"{name} of {array.dtype}, {array.shape}")
            arrays[name] = array.item()
    if arrays["originals"].shape != arrays["images"].shape:
        raise ValueError("originals and images of different shapes")
    for name in _ABSENT:
        arrays.setdefault(name, None)
    return arrays


def _check(name: str, array: np.ndarray, n: int) -> None:
    kinds, axes = _ARRAYS[name]
    if array.dtype.kind in kinds and array.ndim == axes and len(array) == n:
        return
    raise ValueError(f"{name} of {array.dtype}, {array.shape}, for {n} images")
