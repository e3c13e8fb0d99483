"""From a Keras model to .tflite files, each with its card.

By TFLiteConverter, which comes with TensorFlow: on a convolutional net
ai-edge-quantizer gave the same accuracy and bytes at best, and clipped bright
pixels when its calibration images came one by one.
"""

import functools
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras import files
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.edge import flatbuffer
from advkeras.edge.quiet import quiet
from advkeras.edge.variants import VARIANTS
from advkeras.edge.variants import Variant
from advkeras.edge.variants import find_all
from advkeras.models import cards

_REASON_LENGTH = 200


class Exported(dict[str, Path]):
    """The .tflite files that were written: variant -> path.

    Args:
        paths: Variant -> path.
        skipped: Variant -> one line that says why there is none.

    Attributes:
        skipped: As given.
    """

    def __init__(self, paths: Mapping[str, Path], skipped: Mapping[str, str]):
        super().__init__(paths)
        self.skipped = dict(skipped)

    def __repr__(self) -> str:
        return f"Exported({dict(self)!r}, skipped={self.skipped!r})"


def export(
    model: keras.Model | Classifier,
    directory: str | os.PathLike,
    variants: str | Iterable[str] = tuple(VARIANTS),
    calibration: Any = None,
    provenance: Mapping[str, Any] | None = None,
) -> Exported:
    """Writes a model as .tflite files, `{variant}.tflite`, with their cards.

    The files take batches of any size where the model does. The same weights,
    calibration and versions give the same bytes.

    Args:
        model: A Classifier, or a Keras model, whose bounds are then (0, 1). It
            is written as it is: a final softmax stays. Nothing of it changes.
        directory: Where to write; made if it is not there.
        variants: Names out of `advkeras.edge.variants.VARIANTS`.
        calibration: Images, (n, height, width, channels), within the bounds,
            an array, an `ImageSet` or a `tf.data.Dataset`,
            that show an integer variant the range of its activations; a few
            hundred of the training set will do.
        provenance: For the cards: JSON values, such as the data set and the
            command.

    Returns:
        The paths by variant; what the converter cannot make is in `skipped`.

    Raises:
        ValueError: An argument is wrong, or Keras cannot export the model.

    Example:
        >>> paths = export(classifier, "out", calibration=images)
        >>> paths["int8"], paths.skipped
    """
    classifier = as_classifier(model)
    wanted = find_all(variants)
    images = _checked_calibration(classifier, wanted.values(), calibration)
    card = {
        "source": {
            "name": classifier.model.name,
            "weights_sha256": models.weights_sha256(classifier.model),
            "bounds": list(classifier.bounds),
            "outputs": classifier.outputs,
        },
        "parameters": classifier.model.count_params() or None,
        "converter": "TFLiteConverter",
        "versions": {
            **cards.versions(),
            "ai-edge-litert": metadata.version("ai-edge-litert"),
        },
        "provenance": _checked_provenance(provenance),
    }
    directory = Path(directory)
    with files.writing("directory", directory):
        directory.mkdir(parents=True, exist_ok=True)
    paths, skipped = {}, {}
    with tempfile.TemporaryDirectory() as saved_model:
        _save(classifier, saved_model)
        for name, variant in wanted.items():
            try:
                content = _convert(saved_model, variant, images)
            except _ConversionError as error:
                skipped[name] = str(error)
                continue
            path = directory / f"{name}.tflite"
            _write(path, content, variant, card, images)
            paths[name] = path
    return Exported(paths, skipped)


class _ConversionError(Exception):
    """One line that says why a model cannot be had as a variant."""


def _save(classifier: Classifier, folder: str) -> None:
    """Writes a model as a SavedModel, from which all variants are made."""
    model = classifier.model
    # Keras knows the inputs of a graph, and of no other model for sure.
    graph = bool(getattr(model, "inputs", None))
    signature = None if graph else [classifier.images_spec()]
    try:
        with quiet():
            model.export(folder, verbose=False, input_signature=signature)
    except Exception as error:  # of many kinds: each layer has its own
        raise ValueError(
            "`model` must be one that Keras can export. "
            f"Received: model {model.name!r} ({_one_line(error)})"
        ) from error


def _convert(
    saved_model: str, variant: Variant, images: np.ndarray | None
) -> bytes:
    """Returns the .tflite file of a SavedModel, or raises _ConversionError."""
    with quiet() as said:
        converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
        converter.target_spec.supported_ops = [
            getattr(tf.lite.OpsSet, variant.supported_ops)
        ]
        if variant.weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant.weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant.needs_calibration and images is not None:
            converter.representative_dataset = functools.partial(
                _one_by_one, images
            )
        if variant.io != "float32":
            converter.inference_input_type = tf.as_dtype(variant.io)
            converter.inference_output_type = tf.as_dtype(variant.io)
        try:
            return converter.convert()
        except Exception as error:  # MLIR, the calibrator and the quantiser
            reason = _reason(f"{error}\n{said()}") or _one_line(error)
            raise _ConversionError(reason) from error


def _one_by_one(images: np.ndarray) -> Iterator[list[np.ndarray]]:
    for image in images:
        yield [image[None]]


def _reason(said: str) -> str | None:
    """Returns what stands between a model and a variant, if it is known."""
    ops = re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex", said)
    if ops:
        return _shortened(f"no TFLite kernel for {_listed(ops)}")
    ops = re.findall(r"Quantization to 16x8-bit not yet .*'(\w+)'", said)
    if ops:
        return _shortened(f"no int16 kernel for {_listed(ops)}")
    # The rest of a line says where, in the words of MLIR.
    line = re.search(r"'tf\.\w+' op .*", said)
    return _shortened(line[0]) if line else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _one_line(error: Exception) -> str:
    return _shortened(f"{type(error).__name__}: {error}")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= _REASON_LENGTH:
        return text
    return text[: _REASON_LENGTH - 3] + "..."


def _write(
    path: Path,
    content: bytes,
    variant: Variant,
    card: Mapping[str, Any],
    images: np.ndarray | None,
) -> None:
    with files.replacing(path) as temporary:
        temporary.write_bytes(content)
        described = flatbuffer.describe(temporary)
        whole = {
            "variant": variant.name,
            "description": variant.description,
            **card,
            "calibration": (
                None
                if images is None or not variant.needs_calibration
                else _fingerprint(images)
            ),
            "input": described.input.to_json(),
            "output": described.output.to_json(),
            "operators": described.operators,
            "float_operators": described.float_operators,
            "bytes": len(content),
            "sha256": files.sha256(temporary),
        }
        # Before the file takes its name: a file that is there has a card.
        files.write_json(cards.card_path(path), whole)


def _fingerprint(images: np.ndarray) -> dict[str, Any]:
    content = images.astype("<f4").tobytes()
    return {
        "images": len(images),
        "fingerprint": hashlib.sha256(content).hexdigest(),
    }


def _checked_calibration(
    classifier: Classifier, variants: Iterable[Variant], calibration: Any
) -> np.ndarray | None:
    if calibration is not None:
        with checks.naming("calibration"):
            return classifier.examples(calibration)[0]
    needing = [v.name for v in variants if v.needs_calibration]
    if needing:
        raise ValueError(
            "`calibration` must be images that the integer variants learn "
            f"their ranges from: {', '.join(needing)}. "
            "Received: calibration=None"
        )
    return None


def _checked_provenance(provenance: Mapping[str, Any] | None) -> Any:
    try:
        return json.loads(json.dumps(dict(provenance or {}), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`provenance` must be a dictionary of JSON values. "
            f"Received: provenance={provenance!r}"
        ) from error
