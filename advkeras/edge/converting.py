"""Converting: from a SavedModel to the bytes of a .tflite file."""

import functools
import re
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from advkeras import files
from advkeras.edge.quiet import quiet
from advkeras.edge.sources import Source
from advkeras.edge.variants import Variant

_REASON_LENGTH = 200
_LOOP = (
    "a loop over time steps, which TFLite has not: layers such as "
    "LSTM(..., unroll=True) have none, and a batch of one (batch_size=1, "
    "--batch=1) gives one that floats can be computed in"
)


class ConversionError(Exception):
    """One line that says why a model cannot be had as a variant."""


def convert(
    folder: str,
    source: Source,
    variant: Variant,
    images: np.ndarray | None,
    dense: bool = False,
) -> bytes:
    """Returns a .tflite file.

    Args:
        folder: The SavedModel.
        source: What was saved there.
        variant: What the file is to be.
        images: For the integer variants.
        dense: Whether products of matrices are to be FULLY_CONNECTED, not
            BATCH_MATMUL: the converter fuses a ReLU into either, and the
            latter has none.

    Raises:
        ConversionError: The converter cannot make it.
        NotWrittenError: The disk is full.
    """
    with quiet() as said:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [
            getattr(tf.lite.OpsSet, variant.supported_ops)
        ]
        converter.unfold_batchmatmul = dense
        if variant.weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant.weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant.needs_calibration and images is not None:
            converter.representative_dataset = functools.partial(
                _one_by_one, source, images
            )
        if variant.io != "float32":
            converter.inference_input_type = tf.as_dtype(variant.io)
            converter.inference_output_type = tf.as_dtype(variant.io)
        try:
            content: bytes = converter.convert()
        except Exception as error:  # MLIR, the calibrator and the quantiser
            if files.refusal(error) is not None:
                raise files.NotWrittenError(folder, error) from error
            reason = _reason(f"{error}\n{said()}") or one_line(error)
            raise ConversionError(reason) from error
    return content


def _one_by_one(
    source: Source, images: np.ndarray
) -> Iterator[list[np.ndarray]]:
    for batch in source.batches(images):
        yield [batch.numpy()]


def check_no_loop(operators: Iterable[str], variant: Variant) -> None:
    """Raises ConversionError where no quantiser will do.

    TensorFlow's would end the process, LiteRT's finds no values to calibrate.

    Args:
        operators: Of the model as a float file.
        variant: What is to be made.
    """
    if variant.needs_calibration and "WHILE" in operators:
        raise ConversionError(
            "a loop over time steps (WHILE), which no quantiser takes: "
            "layers such as LSTM(..., unroll=True) have none"
        )


def _reason(said: str) -> str | None:
    """Returns what stands between a model and a variant, if it is known."""
    if "TensorListReserve" in said:
        return _LOOP
    ops = re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex", said)
    if ops:
        return shortened(f"no TFLite kernel for {_listed(ops)}")
    ops = re.findall(r"Quantization to 16x8-bit not yet .*'(\w+)'", said)
    if ops:
        return shortened(f"no int16 kernel for {_listed(ops)}")
    # The rest of a line says where, in the words of MLIR.
    line = re.search(r"'tf\.\w+' op .*", said)
    return shortened(line[0]) if line else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def one_line(error: Exception) -> str:
    """Returns the kind of an error and how it begins, on one line."""
    return shortened(f"{type(error).__name__}: {error}")


def shortened(text: str) -> str:
    """Returns the beginning of a text, on one line."""
    text = " ".join(text.split())
    if len(text) <= _REASON_LENGTH:
        return text
    return text[: _REASON_LENGTH - 3] + "..."
