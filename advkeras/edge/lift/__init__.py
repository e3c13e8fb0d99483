"""Lifting: a .tflite file becomes a Keras model with gradients again."""

from advkeras.edge.lift.model import lift
from advkeras.edge.lift.reader import read

__all__ = ["lift", "read"]
