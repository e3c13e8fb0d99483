"""The one door for model files of every kind: a Classifier behind each."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advkeras import checks
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.edge.lift import TfliteClassifier


def load(
    name_or_path: str | os.PathLike,
    bounds: checks.Bounds | None = None,
    outputs: str | None = None,
    levels: int | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Classifier:
    """Loads a saved_models name, a Keras file, a SavedModel or a .tflite.

    A .tflite file is lifted (`advkeras.edge.lift`): gradients are those of
    the lift, labels those of the real interpreter.

    Args:
        name_or_path: What `advkeras.models.load` takes, or the path of a
            .tflite file.
        bounds: As for `Classifier`; None for (0, 1), or for what a .tflite
            file's integer input holds.
        outputs: As for `Classifier`.
        levels: As for `Classifier`; a .tflite file of integer input has its
            own.
        custom_objects: As for `advkeras.models.load`; a .tflite file names
            none.

    Raises:
        ValueError: There is no such model, or it cannot be read.

    Example:
        >>> classifier = ak.load("resnet8.h5", bounds=(0, 255))
        >>> classifier = ak.load("int8.tflite")
    """
    if Path(name_or_path).suffix == ".tflite":
        return TfliteClassifier(
            name_or_path, bounds=bounds, outputs=outputs, levels=levels
        )
    model = models.load(name_or_path, custom_objects)
    bounds = (0.0, 1.0) if bounds is None else bounds
    return Classifier(model, bounds, outputs, levels)
