"""What pixels a model expects, as far as its first layers say so."""

import numbers
from typing import Any

import keras
import numpy as np

from advkeras import checks

# What first layers are known to make of pixels, and what pixels there are.
_MADE = ((0.0, 1.0), (-1.0, 1.0), (-0.5, 0.5))
_PIXELS = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
_CLOSE = 0.02  # 1 / 256 is written for 1 / 255, too
_PASSED = (
    keras.layers.InputLayer,
    keras.layers.Reshape,
    keras.layers.ZeroPadding2D,
    keras.layers.Resizing,
    keras.layers.CenterCrop,
)


def bounds_of_layers(model: keras.Model) -> tuple[checks.Bounds, str] | None:
    """Returns the bounds that a Rescaling or Normalization expects.

    Args:
        model: A Keras model; where it has layers in order, those at its
            beginning are looked at, inside nested models too.

    Returns:
        (lower, upper) and the name of the layer; None where none says so.
    """
    for layer in _first_layers(model):
        if isinstance(layer, keras.layers.Rescaling):
            bounds = _of_rescaling(layer.scale, layer.offset)
        elif isinstance(layer, keras.layers.Normalization):
            bounds = _of_normalization(layer.mean)
        elif isinstance(layer, _PASSED) or "Random" in type(layer).__name__:
            continue
        else:
            return None
        return None if bounds is None else (bounds, layer.name)
    return None


def _first_layers(model: keras.Model) -> list[Any]:
    found: list[Any] = []
    for layer in getattr(model, "layers", None) or ():
        nested = isinstance(layer, keras.Model)
        found += _first_layers(layer) if nested else [layer]
    return found


def _of_rescaling(scale: Any, offset: Any) -> checks.Bounds | None:
    """Returns which pixels it takes to a range that nets are made for."""
    if not isinstance(scale, numbers.Real) or not isinstance(
        offset, numbers.Real
    ):
        return None
    if not scale:
        return None
    for pixels in _PIXELS:
        made = np.multiply(float(scale), pixels) + float(offset)
        for wanted in _MADE:
            if np.allclose(made, wanted, atol=_CLOSE) and pixels != wanted:
                return pixels
    return None


def _of_normalization(mean: Any) -> checks.Bounds | None:
    """Returns the pixels that have this mean: of images, it is within them."""
    if mean is None:
        return None
    largest = float(np.max(np.asarray(mean)))
    if largest <= 0:
        return None
    return (0.0, 1.0) if largest <= 1 else (0.0, 255.0)
