"""From a Keras model to .tflite files, each with its card.

By TFLiteConverter, which comes with TensorFlow; what it makes in float32 may be
quantised by LiteRT's own quantiser, which docs/devices.md sets beside it.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras import files
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.edge import clipping
from advkeras.edge import flatbuffer
from advkeras.edge import judging
from advkeras.edge import npus
from advkeras.edge import quantizing
from advkeras.edge.converter import SAVED
from advkeras.edge.converter import Converter
from advkeras.edge.converting import ConversionError
from advkeras.edge.sources import Source
from advkeras.edge.variants import VARIANTS
from advkeras.edge.variants import Variant
from advkeras.edge.variants import find_all
from advkeras.models import cards

_QUANTISED = (
    "it holds Keras's own int8 layers, which TFLiteConverter cannot convert: "
    "export the model as it was before quantize('int8'), the variant int8 "
    "quantises it"
)


class Exported(dict[str, Path]):
    """The .tflite files that were written: variant -> path.

    Args:
        paths: Variant -> path.
        skipped: Variant -> one line that says why there is none.
        warnings: Lines on what should be known of the files.

    Attributes:
        skipped: As given.
        warnings: As given.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        skipped: Mapping[str, str],
        warnings: Iterable[str] = (),
    ):
        super().__init__(paths)
        self.skipped = dict(skipped)
        self.warnings = list(warnings)

    def __repr__(self) -> str:
        return (
            f"Exported({dict(self)!r}, skipped={self.skipped!r}, "
            f"warnings={self.warnings!r})"
        )


def export(
    model: keras.Model | Classifier,
    directory: str | os.PathLike,
    variants: str | Iterable[str] = tuple(VARIANTS),
    calibration: Any = None,
    provenance: Mapping[str, Any] | None = None,
    labels: Any = None,
    batch_size: int | None = None,
    npu: str | None = None,
    quantizer: str = "tflite",
) -> Exported:
    """Writes a model as .tflite files, `{variant}.tflite`, with their cards.

    The same weights, calibration and versions give the same bytes.

    What the converter makes in float32 is compared with the model before any
    file is written, and every file is run once on each runtime that is
    installed here.

    Args:
        model: A Classifier, or a Keras model, whose bounds are then (0, 1). It
            is written as it is, in inference mode: a final softmax stays. What
            computes in other floats is written in float32. Nothing of it
            changes.
        directory: Where to write; made if it is not there.
        variants: Names out of `advkeras.edge.variants.VARIANTS`.
        calibration: Images, (n, height, width, channels), within the bounds,
            an array, an `ImageSet` or a `tf.data.Dataset`,
            that show an integer variant the range of its activations; a few
            hundred of the training set will do.
        provenance: For the cards: JSON values, such as the data set and the
            command.
        labels: Of the calibration images, to say of each file whether it
            reads them worse than the model; None for those of a data set.
        batch_size: Images that a file takes at a time. None: any number,
            where the model does, which is the fastest to evaluate. 1 is what
            devices want: without the operators that ask for the size of a
            batch, which microcontrollers and NPUs have not.
        npu: One of `advkeras.edge.NPUS`, for which Arm's compiler is asked
            what it would make of each file; the cards have `npu_report`'s
            answer, or "reason", a line that says why there is none.
        quantizer: What makes the other variants of float32: "tflite" for
            TFLiteConverter, "litert" for litert-quantizer, which the extra
            `quantizer` installs. Each card says which it was.

    Returns:
        The paths by variant; what the converter cannot make, or makes
        another model of, is in `skipped`, and what should be known of the
        files in `warnings`.

    Raises:
        ValueError: An argument is wrong, or Keras cannot export the model.

    Example:
        >>> paths = export(classifier, "out", calibration=images)
        >>> paths["int8"], paths.skipped, paths.warnings
    """
    classifier = as_classifier(model)
    wanted = find_all(variants)
    if batch_size is not None:
        checks.check_count("batch_size", batch_size)
    if npu is not None:
        npus.check(npu)
    quantizing.check(quantizer)
    source = Source.of(classifier, batch_size)
    images, labels = _checked_calibration(
        classifier, wanted.values(), calibration, labels
    )
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
            **quantizing.versions(quantizer),
        },
        "provenance": _checked_provenance(provenance),
    }
    directory = Path(directory)
    with files.writing("directory", directory):
        directory.mkdir(parents=True, exist_ok=True)
    if "int8" in (models.quantization(classifier.model) or ""):
        return Exported({}, dict.fromkeys(wanted, _QUANTISED))
    calibrated = any(variant.needs_calibration for variant in wanted.values())
    warnings = judging.of_model(classifier, images if calibrated else None)
    paths, skipped, lines = {}, {}, []
    with (
        files.writing("directory", directory),
        # All variants are made from it.
        files.aside(directory / SAVED) as folder,
    ):
        source.save(str(folder / SAVED))
        expected = judging.Expected.of(classifier, images, labels)
        converter = Converter(source, images, expected, folder, quantizer)
        for name, variant in wanted.items():
            try:
                file, trial = converter.file(variant)
            except ConversionError as error:
                skipped[name] = str(error)
                continue
            found = judging.judge(variant, file, trial, expected)
            if npu is not None:
                found["npu"] = npus.report_or_reason(file, npu)
            if variant.weights != "float32":
                found["quantizer"] = quantizing.QUANTIZERS[quantizer]
            path = directory / f"{name}.tflite"
            _write(path, file, variant, {**card, **found}, images)
            paths[name] = path
            lines += [f"{name}: {line}" for line in found["warnings"]]
        integers = any(wanted[name].needs_calibration for name in paths)
        if integers and images is not None:
            warnings += clipping.of_calibration(converter.floats, images)
    return Exported(paths, skipped, warnings + lines)


def _write(
    path: Path,
    file: Path,
    variant: Variant,
    card: Mapping[str, Any],
    images: np.ndarray | None,
) -> None:
    with files.replacing(path) as temporary:
        temporary.write_bytes(file.read_bytes())
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
            "bytes": temporary.stat().st_size,
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
    classifier: Classifier,
    variants: Iterable[Variant],
    calibration: Any,
    labels: Any,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if calibration is not None:
        with checks.naming("calibration"):
            images, labels = classifier.examples(calibration, labels)
        if labels is not None:
            labels = checks.check_labels(
                labels, len(images), classifier.num_classes
            )
        return images, labels
    needing = [v.name for v in variants if v.needs_calibration]
    if needing:
        raise ValueError(
            "`calibration` must be images that the integer variants learn "
            f"their ranges from: {', '.join(needing)}. "
            "Received: calibration=None"
        )
    return None, None


def _checked_provenance(provenance: Mapping[str, Any] | None) -> Any:
    try:
        return json.loads(json.dumps(dict(provenance or {}), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`provenance` must be a dictionary of JSON values. "
            f"Received: provenance={provenance!r}"
        ) from error
