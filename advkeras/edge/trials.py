"""Trials: what the runtimes of this machine make of a file just written."""

import concurrent.futures
import dataclasses
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from advkeras.edge import runtimes as executors
from advkeras.edge.runtimes import Prediction
from advkeras.edge.sources import Source

FEW = 8  # images that numbers are compared on
_TOLERANCE = 1e-3  # of the range: kernels sum in another order


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """What the runtimes made of a file.

    Attributes:
        runtimes: Runtime -> None, or one line that says why it cannot run it.
        said: What the first that can made of the images; None: none can.
        unlike: Runtime -> how far its scores of one image are from those, as
            a share of their range.
    """

    runtimes: dict[str, str | None]
    said: Prediction | None
    unlike: dict[str, float]


def trial(path: Path, images: np.ndarray) -> Trial:
    """Runs a file on each runtime of this machine.

    Args:
        path: The .tflite file.
        images: For the fastest runtime; the others, which may take seconds
            for one, are shown the first, or a few where the fastest fails.
    """

    def run(runtime: str, shown: np.ndarray) -> Prediction | str:
        try:
            with executors.Interpreter(path, runtime) as session:
                return session.predict(shown)
        except ValueError as error:
            return str(getattr(error, "reason", error))

    names = executors.installed(executors.DEFAULT)  # the fastest first
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        shown = [images if name == names[0] else images[:1] for name in names]
        made = dict(zip(names, pool.map(run, names, shown), strict=True))
    if isinstance(made[names[0]], str):
        made[names[1]] = run(names[1], images[:FEW])
    ran = {k: one for k, one in made.items() if isinstance(one, Prediction)}
    said = next(iter(ran.values()), None)
    reasons = {
        name: one if isinstance(one, str) else None
        for name, one in made.items()
    }
    unlike = {
        name: apart(one.outputs[:1], said.outputs[:1])
        for name, one in ran.items()
        if said is not None and one is not said
    }
    return Trial(reasons, said, unlike)


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """Returns the largest difference, as a share of the range."""
    n = min(len(found), len(expected))
    expected = expected[:n].reshape(n, -1).astype(np.float64)
    found = found[:n].reshape(n, -1).astype(np.float64)
    if found.shape != expected.shape:
        return np.inf
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    sound = np.isfinite(expected)
    if not sound.any() or same.all():
        return 0.0 if same.all() else np.inf
    held = max(0, expected[sound].max()) - min(0, expected[sound].min())
    apart = np.abs(np.where(same, 0, found) - np.where(same, 0, expected))
    return float(np.nan_to_num(apart.max(), nan=np.inf) / (held or 1))


def first_layer_apart(
    source: Source,
    images: np.ndarray,
    convert: Callable[[str, Source], bytes],
) -> str | None:
    """Returns the first layer of a graph that is converted to another.

    By halving: a layer is looked at by the file of all that is before it.

    Args:
        source: A model that is converted to another.
        images: To compare on.
        convert: From a SavedModel and its source to a file of floats.
    """

    def parts(layer: Any) -> bool:
        part = Source(keras.Model(model.inputs, layer.output), source.spec)
        with tempfile.TemporaryDirectory() as folder:
            part.save(folder)
            path = Path(folder) / "part.tflite"
            path.write_bytes(convert(folder, part))
            with executors.Inspector(path, inside=False) as inspector:
                index = inspector.outputs[0]["index"]
                found = inspector.tensors(images, [index])[index]
        expected = part.answers(images)
        return apart(found, expected) > _TOLERANCE

    model: Any = source.model
    operations = [
        one
        for one in getattr(model, "operations", None) or model.layers
        if not isinstance(one, keras.layers.InputLayer)
    ]
    low, high = 0, len(operations) - 1
    try:
        while low < high:
            middle = (low + high) // 2
            if parts(operations[middle]):
                high = middle
            else:
                low = middle + 1
    except Exception:  # of half a model any tool may say anything
        return None
    return str(operations[high].name) if operations else None
