"""Fifty nets, as strangers build them: their .tflite files and their lifts."""

import dataclasses
import re

import numpy as np

import advkeras as ak
from advkeras.edge import runtimes
from tests.edge.zoo import nets

VARIANTS = ("float32", "int8", "int16x8")
RUNTIMES = ("litert", "litert-reference", "tflm")
_N = 16


@dataclasses.dataclass(frozen=True)
class Cell:
    """One variant of a net on one runtime.

    Attributes:
        copied: Of `n` images, on how many the copy says what the net does.
        lifted: On how many the lift says what the copy does; None: there is
            no lift, or none to compare.
        error: Largest distance of the copy's scores from the net's, over the
            largest score; None where they are integers.
        lift: What is to be said of the lift, or None.
        reason: Why there is none of all this; or None.
    """

    n: int = _N
    copied: int = 0
    lifted: int | None = None
    error: float | None = None
    lift: str | None = None
    reason: str | None = None

    def __str__(self):
        if self.reason is not None:
            return self.reason
        said = f"{self.copied}/{self.n}"
        if self.lifted is not None:
            said += f", {self.lifted}/{self.n}"
        return said if self.lift is None else f"{said}, {self.lift}"


def tried(name, folder, variants=VARIANTS, names=RUNTIMES):
    """Exports a net, runs it, lifts it: (variant, runtime) -> Cell.

    Args:
        name: One of `nets.NETS`.
        folder: Where its files go.
        variants: Those wanted.
        names: Of the runtimes.
    """
    net = nets.NETS[name]()
    images = nets.images(net, _N)
    upper = 255.0 if images.max() > 1 else 1.0
    classifier = ak.Classifier(net, (0.0, upper))
    paths = ak.edge.export(classifier, folder, variants, images)
    return {
        (variant, runtime): (
            Cell(reason=paths.skipped[variant])
            if variant in paths.skipped
            else _cell(classifier, paths[variant], runtime, images)
        )
        for variant in variants
        for runtime in names
    }


def _cell(classifier, path, runtime, images):
    try:
        with ak.edge.start(path, runtime) as session:
            copied = session.predict(images)
    except runtimes.CannotRunError as error:
        return Cell(reason=error.reason)
    labels = classifier.predict(images)
    same = int((copied.labels == labels).sum())
    error = None
    if copied.outputs.dtype.kind == "f":
        expected = np.asarray(classifier.model(images, training=False))
        off = np.abs(copied.outputs - expected.astype(np.float64)).max()
        error = float(off / np.abs(expected).max())
    cell = Cell(copied=same, error=error)
    try:
        found = ak.edge.agreement(path, images, runtime, inspected=_N)
    except runtimes.CannotRunError as error:  # it shows no more than outputs
        return dataclasses.replace(cell, lift=error.reason)
    except ValueError as error:
        unknown = re.search(r"(\w+), is not known", str(error))
        if unknown is None:
            raise
        return dataclasses.replace(cell, lift=f"no lift: {unknown[1]}")
    parted = found.parted_alone
    return dataclasses.replace(
        cell,
        lifted=found.outputs[0].top_1.count,
        lift=parted and f"apart at {parted.name}",
    )
