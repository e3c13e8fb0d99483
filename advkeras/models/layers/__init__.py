"""Layers of the papers' nets that Keras 3 has not: contrast, windows, bells.

Made of plain differentiable operations, so that each also computes in float64
(`dtype="float64"`) and exports to .tflite with builtin operators. Keras alone
loads a file with them once `advkeras.models` is imported.
"""

from advkeras.models.layers.normalisation import LocalContrastNormalization
from advkeras.models.layers.normalisation import LocalResponseNormalization
from advkeras.models.layers.radial import RadialBasis
from advkeras.models.layers.windows import L2Pooling2D
from advkeras.models.layers.windows import LocallyConnected2D

__all__ = [
    "L2Pooling2D",
    "LocalContrastNormalization",
    "LocalResponseNormalization",
    "LocallyConnected2D",
    "RadialBasis",
]
