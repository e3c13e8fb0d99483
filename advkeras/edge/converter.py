"""Converter: makes the files of one model, and tries them."""

import functools
from pathlib import Path

import numpy as np

from advkeras import models
from advkeras.edge import flatbuffer
from advkeras.edge import judging
from advkeras.edge import trials
from advkeras.edge.converting import ConversionError
from advkeras.edge.converting import check_no_loop
from advkeras.edge.converting import convert
from advkeras.edge.converting import shortened
from advkeras.edge.quantizing import quantized
from advkeras.edge.sources import Source
from advkeras.edge.trials import Trial
from advkeras.edge.variants import VARIANTS
from advkeras.edge.variants import Variant

SAVED = "saved_model"  # within the folder that it works in


class Converter:
    """Makes the files of one model, in a folder that it was saved in.

    Args:
        source: The model.
        images: To calibrate with.
        expected: What the model says.
        folder: Where all is written; the SavedModel is there, as SAVED.
        quantizer: What makes the others of the file in float32.
    """

    def __init__(
        self,
        source: Source,
        images: np.ndarray | None,
        expected: judging.Expected,
        folder: Path,
        quantizer: str = "tflite",
    ):
        self._quantizer = quantizer
        self._images = images
        self._expected = expected
        self._folder = folder
        self._source = source
        self._saved = str(folder / SAVED)
        # Why there is no float32, and how it is converted: once it was tried.
        self._reason: str | None = None
        self._dense = False

    def file(self, variant: Variant) -> tuple[Path, Trial]:
        """Returns the file of a variant, and what the runtimes make of it.

        Raises:
            ConversionError: There is none.
        """
        path, trial = self._floats
        if variant.name == "float32":
            return path, trial
        check_no_loop(flatbuffer.describe(path).operators, variant)
        return self._tried(variant, self._converted(variant))

    @property
    def floats(self) -> Path:
        """The file in float32."""
        return self._floats[0]

    @functools.cached_property
    def _floats(self) -> tuple[Path, Trial]:
        """The model in float32, of which all else is a rounding."""
        if self._reason is not None:
            raise ConversionError(self._reason)
        variant = VARIANTS["float32"]
        try:
            path, trial = self._tried(variant, self._converted(variant))
            if self._expected.off(trial) > self._expected.tolerance:
                self._dense = True
                path, trial = self._tried(variant, self._converted(variant))
            self._expected.check_same(trial, self._first_layer_apart)
        except ConversionError as error:
            self._reason = shortened(f"{error}{self._remark()}")
            raise ConversionError(self._reason) from error
        return path, trial

    def _tried(self, variant: Variant, content: bytes) -> tuple[Path, Trial]:
        path = self._folder / f"{variant.name}.tflite"
        path.write_bytes(content)
        return path, trials.trial(path, self._expected.images)

    def _converted(self, variant: Variant) -> bytes:
        try:
            return self._convert(self._saved, self._source, variant)
        except ConversionError as error:
            whole = self._source.spec.dtype.is_integer
            if not whole or not variant.needs_calibration:
                raise
            # For the cast that begins it there is no kernel in int16, and
            # LiteRT's quantiser knows of none in int8.
            try:
                source = self._source.in_float32()
            except ValueError:
                raise error from None
            saved = str(self._folder / "of_floats")
            source.save(saved)
            return self._convert(saved, source, variant)

    def _convert(self, saved: str, source: Source, variant: Variant) -> bytes:
        if self._quantizer == "tflite" or variant.name == "float32":
            return convert(saved, source, variant, self._images, self._dense)
        path = self.floats
        if source is not self._source:
            path = self._folder / "of_floats.tflite"
            floats = VARIANTS["float32"]
            path.write_bytes(convert(saved, source, floats, None, self._dense))
        return quantized(path, source, variant, self._images)

    def _first_layer_apart(self) -> str | None:
        return trials.first_layer_apart(
            self._source,
            self._expected.images[: trials.FEW],
            lambda saved, part: self._convert(saved, part, VARIANTS["float32"]),
        )

    def _remark(self) -> str:
        if self._source.computes_in_float32:
            return ""
        listed = ", ".join(models.dtypes(self._source.model))
        return (
            f"; the model computes in {listed}, for which TFLite has few "
            "kernels, and it cannot be rebuilt in float32"
        )
