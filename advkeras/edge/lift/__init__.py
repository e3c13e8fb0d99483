"""Lifting: a .tflite file becomes a Keras model with gradients again."""

from advkeras.edge.lift.agreement import agreement
from advkeras.edge.lift.classifier import TfliteClassifier
from advkeras.edge.lift.model import lift
from advkeras.edge.lift.reader import read
from advkeras.edge.lift.refusal import CannotBeLiftedError
from advkeras.edge.lift.verdicts import Agreement

__all__ = [
    "Agreement",
    "CannotBeLiftedError",
    "TfliteClassifier",
    "agreement",
    "lift",
    "read",
]
