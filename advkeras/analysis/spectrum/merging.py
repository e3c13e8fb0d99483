"""The bounds of what several tensors are merged into."""

import math
from typing import Any

import keras
import numpy as np

from advkeras.analysis.spectrum.graph import Use
from advkeras.analysis.spectrum.norms import Norm
from advkeras.analysis.spectrum.norms import rounded

_KINDS = ("Add", "Subtract", "Average", "Concatenate", "Maximum", "Minimum")


def is_merging(layer: Any) -> bool:
    """Returns whether a layer, or what `x + y` makes, is a known merger."""
    kind = type(layer)
    if kind.__name__ not in _KINDS:
        return False
    if isinstance(layer, keras.layers.Layer):
        return kind is getattr(keras.layers, kind.__name__)
    return kind.__module__.startswith("keras.") and kind.__name__ != "Average"


def norm(use: Use) -> Norm:
    """Returns the norm of a merger, its inputs taken as one vector."""
    kind, grown = type(use.layer).__name__, _grown(use, [1.0] * len(use.inputs))
    if kind in ("Add", "Subtract"):
        return rounded(together(grown))
    if kind == "Average":
        return rounded(together(grown) / len(grown))
    return rounded(max(grown))


def merged(use: Use, bounds: list[float]) -> float:
    """Returns the bound of the merged tensor, from those of its parts.

    Of a sum or a difference it is the sum of the bounds, of a mean their
    mean; of tensors side by side, and of the larger or smaller of each value,
    the root of the sum of their squares.
    """
    kind, grown = type(use.layer).__name__, _grown(use, bounds)
    if kind in ("Add", "Subtract"):
        return sum(grown)
    if kind == "Average":
        return sum(grown) / len(grown)
    return together(grown)


def together(bounds: list[float]) -> float:
    """Returns the bound of several tensors as one vector."""
    return float(np.linalg.norm(bounds))


def _grown(use: Use, bounds: list[float]) -> list[float]:
    """A tensor that is repeated to the size of another grows by as much."""
    if type(use.layer).__name__ == "Concatenate":
        return bounds
    return [
        bound * math.sqrt(math.prod(use.output) / math.prod(shape))
        for bound, shape in zip(bounds, use.inputs, strict=True)
    ]
