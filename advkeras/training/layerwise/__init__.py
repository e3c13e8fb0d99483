"""Layer-wise adversarial training: a pool of examples for each layer."""

from advkeras.training.layerwise.fit import fit_layerwise

__all__ = ["fit_layerwise"]
