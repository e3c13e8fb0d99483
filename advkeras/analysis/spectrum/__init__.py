"""How far a network, and each of its layers, can take two images apart."""

from advkeras.analysis.spectrum.circular import circular_norm
from advkeras.analysis.spectrum.network import LayerBound
from advkeras.analysis.spectrum.network import Spectrum
from advkeras.analysis.spectrum.network import bounds
from advkeras.analysis.spectrum.norms import Norm
from advkeras.analysis.spectrum.norms import operator_norm

__all__ = [
    "LayerBound",
    "Norm",
    "Spectrum",
    "bounds",
    "circular_norm",
    "operator_norm",
]
