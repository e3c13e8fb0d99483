"""The one door for model files of every kind: a Classifier behind each."""

import contextlib
import functools
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advkeras import channels
from advkeras import checks
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.edge.lift import TfliteClassifier
from advkeras.models.wrapped import FunctionModel


def load(
    name_or_path: str | os.PathLike,
    bounds: checks.Bounds | None = None,
    outputs: str | None = None,
    levels: int | None = None,
    output: str | int | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    max_gb: float = models.DEFAULT_MAX_GB,
    runtime: str | None = None,
    lifted: bool | None = None,
) -> Classifier:
    """Loads a saved_models name, a Keras file, a SavedModel or a .tflite.

    A .tflite file is lifted (`advkeras.edge.lift`): gradients are those of
    the lift, labels those of the real interpreter. One that cannot be lifted
    has no gradient, and its scores are the interpreter's too.

    Args:
        name_or_path: What `advkeras.models.load` takes, or the path of a
            .tflite file.
        bounds: As for `Classifier`; None for what the model's card says, or
            its layers do, or a .tflite file's integer input holds, unless its
            card says each channel's.
        outputs: As for `Classifier`.
        levels: As for `Classifier`; a .tflite file of integer input has its
            own.
        output: Which of several outputs classifies, as for `Classifier`, or
            as for `advkeras.edge.TfliteClassifier`.
        custom_objects: As for `advkeras.models.load`; a .tflite file names
            none.
        max_gb: As for `advkeras.models.load`; a .tflite file is no larger
            than it is.
        runtime: For a .tflite file, what says its labels and whose arithmetic
            the lift has; as for `advkeras.edge.TfliteClassifier`.
        lifted: For a .tflite file, whether it must be lifted; False for
            scores of the interpreter, without a gradient. None: if it can be.

    Warns:
        UserWarning: `bounds` are given, and its card or a layer at its input
            says others; or a SavedModel draws anew at every call; or a
            .tflite file cannot be lifted, and why.

    Raises:
        ValueError: There is no such model, or it cannot be read.

    Example:
        >>> classifier = ak.load("resnet8.h5", bounds=(0, 255))
        >>> classifier = ak.load("int8.tflite")
    """
    tflite = Path(name_or_path).suffix == ".tflite"
    for name, given in (("runtime", runtime), ("lifted", lifted)):
        if given is not None and not tflite:
            raise ValueError(
                f"`{name}` must be left out but for a .tflite file. "
                f"Received: {name}={given!r}"
            )

    def of_bounds(bounds: checks.Bounds | None) -> Classifier:
        if tflite:
            return TfliteClassifier(
                *(name_or_path, bounds, outputs, levels, runtime),
                lifted=lifted,
                output=output,
            )
        model = models.load(name_or_path, custom_objects, max_gb)
        return Classifier(model, bounds, outputs, levels, output)

    declared = None
    if bounds is None and not tflite:
        declared = _bounds_of_card(models.find(name_or_path))
    classifier = of_bounds(declared if bounds is None else bounds)
    if bounds is None and tflite:
        declared = _bounds_of_copy(Path(name_or_path), classifier.bounds_from)
        classifier = classifier if declared is None else of_bounds(declared)
    if declared is not None:
        classifier.bounds_from = "card"
    if classifier.draws > 1 and isinstance(classifier.model, FunctionModel):
        warnings.warn(
            f"{Path(name_or_path).name}: the SavedModel draws anew at every "
            "call, as one does that was written with augmentation layers in "
            "training mode. The mean of "
            f"{classifier.draws} calls is what is looked at; the .keras file "
            "of the model, or keras.export.ExportArchive with "
            "training=False, has none of it",
            stacklevel=2,
        )
    if bounds is not None:
        _warn_of_other_bounds(name_or_path, classifier)
    # A name stays one: elsewhere its file may be in another place.
    path = Path(name_or_path)
    return classifier.loaded_by(
        functools.partial(
            load,
            path.absolute() if path.exists() else name_or_path,
            bounds=bounds,
            outputs=outputs,
            levels=levels,
            output=output,
            custom_objects=custom_objects,
            max_gb=max_gb,
            runtime=runtime,
            lifted=lifted,
        )
    )


def _warn_of_other_bounds(
    name_or_path: str | os.PathLike, classifier: Classifier
) -> None:
    """Warns where the bounds given are not those that the model declares."""
    if Path(name_or_path).suffix == ".tflite":
        path = Path(name_or_path)
    else:
        path = models.find(name_or_path)
    try:
        declared, who = _bounds_of_card(path), "the card of"
    except ValueError:  # a card of another file says nothing of this one
        declared = None
    if declared is None:
        found = models.bounds_of_layers(classifier.model)
        if found is None:
            return
        declared, who = found[0], f"the layer {found[1]!r} of"
    if declared != classifier.bounds:
        warnings.warn(
            f"bounds: {channels.bounds_in_words(classifier.bounds)} given, "
            f"{who} {path.name} says {channels.bounds_in_words(declared)}",
            stacklevel=3,
        )


def _bounds_of_copy(path: Path, bounds_from: str) -> checks.Bounds | None:
    """Returns what the card of a .tflite file knows better than the file."""
    if bounds_from == "assumed":
        return _bounds_of_card(path)
    # An integer input is closer to the truth than the card it came with; but
    # its one range is that of all channels, where the card may say each.
    with contextlib.suppress(ValueError):  # a card that is of no use
        declared = _bounds_of_card(path)
        if declared is not None and channels.count_of(declared[0]) is not None:
            return declared
    return None


def _bounds_of_card(path: Path) -> checks.Bounds | None:
    if not models.card_path(path).exists():
        return None
    card = models.read_card(path)
    declared = card.get("bounds") or card.get("source", {}).get("bounds")
    return None if declared is None else checks.check_bounds(declared)
