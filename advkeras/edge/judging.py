"""Judging: what a file just written says, beside its model."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import channels
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.edge.converting import ConversionError
from advkeras.edge.sources import Source
from advkeras.edge.trials import FEW
from advkeras.edge.trials import Trial
from advkeras.edge.trials import apart
from advkeras.edge.variants import Variant
from advkeras.evaluation import Rate

_SHOWN = 256  # images that a file has to read
_SPAN = 0.5  # share of the bounds that a calibration should hold
_ALIKE = 0.9  # share of images that a file reads as its model, or it is said
# Of the range of what a model returns. Kernels sum in another order: 6e-7 was
# measured. A model of half precision is itself as far from its float32.
_ROUNDING, _HALF = 1e-3, 5e-2
# Of the range of one image's scores: more than roundings that add up.
_UNLIKE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Expected:
    """What a model says of the images that its files are shown.

    Attributes:
        images: A few hundred of the calibration, or else a few of noise.
        labels: What the model says of each.
        truth: What they show; None where that is not known.
        outputs: What the model returns for the first; None of a model that
            draws anew at every call.
        tolerance: Share of the range by which float32 may be off.
        kept: Bytes of the model's weights in Keras, where that is by
            quantisation of its own; else None.
    """

    images: np.ndarray
    labels: np.ndarray
    truth: np.ndarray | None
    outputs: np.ndarray | None
    tolerance: float
    kept: int | None

    @classmethod
    def of(
        cls,
        classifier: Classifier,
        images: np.ndarray | None,
        truth: np.ndarray | None,
    ) -> "Expected":
        """Asks a model.

        Args:
            classifier: The model.
            images: Of a calibration; None: noise within the bounds.
            truth: What they show, if that is known.
        """
        if images is None:
            size = [
                64 if side is None else side for side in classifier.image_shape
            ]
            random = np.random.default_rng(0)
            ends = channels.lower_upper(classifier.bounds)
            images = random.uniform(*ends, (FEW, *size)).astype(np.float32)
        images = images[:_SHOWN]
        model = classifier.model
        fixed = classifier.draws == 1
        half = {"float16", "bfloat16"} & set(models.dtypes(model))
        kept = models.quantization(model) and sum(
            weights.nbytes for weights in model.get_weights()
        )
        return cls(
            images,
            classifier.predict(images, within_bounds=False),
            None if truth is None else truth[: len(images)],
            Source.as_it_is(classifier).answers(images[:FEW])
            if fixed
            else None,
            _HALF if half else _ROUNDING,
            kept or None,
        )

    def off(self, trial: Trial) -> float:
        """Returns how far a file of floats is off, as a share of the range.

        0 where that cannot be told.

        Args:
            trial: What the runtimes made of it.
        """
        if trial.said is None or self.outputs is None:
            return 0.0
        return apart(trial.said.outputs, self.outputs)

    def check_same(
        self, trial: Trial, parting: Callable[[], str | None]
    ) -> None:
        """Raises ConversionError where float32 does not say the same.

        Args:
            trial: What the runtimes made of that file.
            parting: Returns the first layer that parts, if that is known.
        """
        off = self.off(trial)
        if off > self.tolerance:
            where = parting()
            raise ConversionError(
                "TFLiteConverter makes another model of it, "
                + ("" if where is None else f"first at layer {where!r}, ")
                + f"{off:.1%} of the range of its outputs off in float32"
            )


def of_model(classifier: Classifier, images: np.ndarray | None) -> list[str]:
    """Returns warnings of what is true of all files.

    Args:
        classifier: The model.
        images: Of a calibration that is needed; else None.
    """
    found = []
    if classifier.draws > 1:
        found.append(
            "the model draws anew at every call, and so do its files, which "
            "were not compared with it; a SavedModel that Keras wrote of "
            "augmentation layers does so, its .keras file does not"
        )
    other = [one for one in models.dtypes(classifier.model) if one != "float32"]
    if other:
        found.append(
            f"the model computes in {', '.join(other)}, its files in float32"
        )
    if images is not None:
        lower, upper = channels.lower_upper(classifier.bounds)
        axes = tuple(range(images.ndim - 1))
        span = float(np.max(np.ptp(images, axis=axes) / (upper - lower)))
        if span < _SPAN:
            found.append(
                f"calibration: its images span {images.min():g} .. "
                f"{images.max():g}, {span:.1%} of the bounds "
                f"{channels.bounds_in_words(classifier.bounds)}: what is "
                "beyond is clipped by int8 and int16x8"
            )
    return found


def judge(
    variant: Variant, file: Path, trial: Trial, expected: Expected
) -> dict[str, Any]:
    """Returns for a card what the runtimes made of a file.

    Returns:
        "runtimes": each with None, or why it cannot run the file;
        "agreement" with the model's labels and "accuracy", rates or None; and
        "warnings", lines.
    """
    warnings = [
        f"{runtime} cannot run it: {reason}"
        for runtime, reason in trial.runtimes.items()
        # A microcontroller is none for floats beside integers.
        if reason and (runtime != "tflm" or variant.needs_calibration)
    ]
    warnings += [
        f"{runtime} runs it, but its scores of one image are {off:.0%} of "
        "their range from those of other runtimes: they compute another model"
        for runtime, off in trial.unlike.items()
        if off > _UNLIKE and expected.outputs is not None
    ]
    agreement = accuracy = None
    if trial.said is not None:
        said = trial.said.labels
        agreement = Rate.of(said == expected.labels[: len(said)])
        if expected.truth is not None:
            truth = expected.truth[: len(said)]
            accuracy = Rate.of(said == truth)
            whole = Rate.of(expected.labels[: len(said)] == truth)
            if (whole.value or 0) > (accuracy.interval or (0, 1))[1]:
                warnings.append(
                    f"reads {accuracy} of {accuracy.n} calibration images, "
                    f"the model {whole}"
                )
        elif (agreement.interval or (0, 1))[1] < _ALIKE:
            warnings.append(
                f"reads {agreement} of {agreement.n} images as the model does"
            )
    size = file.stat().st_size
    if expected.kept is not None and size > expected.kept:
        warnings.append(
            f"{size} bytes, of a model that Keras quantised to "
            f"{expected.kept}: TFLite has no such weights"
        )
    return {
        "runtimes": trial.runtimes,
        "agreement": agreement and agreement.to_json(),
        "accuracy": accuracy and accuracy.to_json(),
        "warnings": warnings,
    }
