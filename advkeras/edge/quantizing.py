"""Quantizing: from a float32 .tflite file to the bytes of another variant.

By LiteRT's own quantiser, in place of the one within TFLiteConverter. Left to
itself it takes a moving average of the ranges of one sample after another, and
clips what went beyond. Here the range of an activation is all that was seen, as
TFLiteConverter has it.
"""

import importlib.util
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.edge import flatbuffer
from advkeras.edge.converting import ConversionError
from advkeras.edge.converting import one_line
from advkeras.edge.quiet import quiet
from advkeras.edge.sources import Source
from advkeras.edge.variants import Variant

# Name -> what the card of a file calls it.
QUANTIZERS = {"tflite": "TFLiteConverter", "litert": "litert-quantizer"}
_BATCH = 32  # images: the tensors of all of them are in memory at once
_EVERY = ".*", "*"  # tensor by its name, operator by its kind


def check(quantizer: str) -> None:
    """Raises ValueError unless there is such a quantiser here.

    Args:
        quantizer: One of QUANTIZERS.
    """
    checks.check_choice("quantizer", quantizer, QUANTIZERS)
    if (
        quantizer == "litert"
        and importlib.util.find_spec("litert_quantizer") is None
    ):
        raise ValueError(
            "`quantizer` needs LiteRT's own: "
            "pip install 'advkeras[quantizer]'. "
            f"Received: quantizer={quantizer!r}"
        )


def versions(quantizer: str) -> dict[str, str]:
    """Returns, for a card, the package that a quantiser takes besides.

    Args:
        quantizer: One of QUANTIZERS, which is here.
    """
    if quantizer == "tflite":  # it is TensorFlow's
        return {}
    package = QUANTIZERS[quantizer]
    return {package: metadata.version(package)}


def quantized(
    floats: Path,
    source: Source,
    variant: Variant,
    images: np.ndarray | None,
) -> bytes:
    """Returns a .tflite file, made from one in float32.

    Args:
        floats: The file in float32, in a folder to work in.
        source: What it was made from.
        variant: What the file is to be, other than float32.
        images: For the integer variants.

    Raises:
        ConversionError: The quantiser cannot make it, or an integer variant
            has input or output of another type. What else it knows of no
            integers for stays in floats, as TFLiteConverter has it.
    """
    content = floats.read_bytes()
    with quiet():
        try:
            from litert_quantizer import quantizer

            manager = _recipe(variant)
            ranges = None
            if variant.needs_calibration and images is not None:
                ranges = _ranges(content, source, images, manager)
            recipe = manager.get_quantization_recipe()
            result = quantizer.Quantizer(content, recipe).quantize(
                ranges, enable_progress_report=False
            )
            made = _in_one(bytes(result.quantized_model))
        except Exception as error:  # of many kinds: each algorithm has its own
            raise ConversionError(one_line(error)) from error
    path = floats.with_name("quantized.tflite")
    path.write_bytes(made)
    described = flatbuffer.describe(path)
    for end in ("input", "output"):
        dtype = getattr(described, end).dtype
        if variant.needs_calibration and dtype != variant.io:
            raise ConversionError(f"litert-quantizer leaves {end} in {dtype}")
    return made


def _in_one(content: bytes) -> bytes:
    """Returns a file with its weights within the flatbuffer.

    Of 256 KiB and more litert-quantizer 0.11 writes them behind it, as is
    needed from 2 GB on; not all that reads a file looks there.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    # Reading brings in what lies behind.
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _recipe(variant: Variant) -> Any:
    """Returns what a variant is, in the quantiser's own terms."""
    from litert_quantizer import algorithm_manager
    from litert_quantizer import recipe_manager

    algorithms = algorithm_manager.AlgorithmName
    manager = recipe_manager.RecipeManager()
    if variant.weights == "float16":
        manager.add_weight_only_config(
            *_EVERY, 16, algorithm_key=algorithms.FLOAT_CASTING
        )
        return manager
    if variant.activations == "float32":
        manager.add_dynamic_config(*_EVERY, 8)
        return manager
    width = 8 * np.dtype(variant.activations).itemsize
    manager.add_static_config(*_EVERY, width, 8)
    for end in ("INPUT", "OUTPUT"):
        if variant.io == "float32":
            manager.add_quantization_config(
                ".*", end, algorithm_key=algorithms.NO_QUANTIZE
            )
        elif variant.io == "uint8":
            manager.add_quantization_config(".*", end, _in_bytes())
    return manager


def _in_bytes() -> Any:
    """Returns what an input or an output in uint8 is."""
    from litert_quantizer import qtyping

    return qtyping.OpQuantizationConfig(
        activation_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=False, dtype=qtyping.TensorDataType.UINT
        ),
        # There are none, but no recipe is read without.
        weight_tensor_config=qtyping.TensorQuantizationConfig(num_bits=8),
        compute_precision=qtyping.ComputePrecision.INTEGER,
    )


def _ranges(
    content: bytes, source: Source, images: np.ndarray, manager: Any
) -> Any:
    """Returns the smallest and the largest value of each tensor."""
    from litert_quantizer import calibrator
    from litert_quantizer.utils import qsv_utils

    calibration = calibrator.Calibrator(
        content,
        num_threads=os.cpu_count() or 1,
        qsv_update_func=qsv_utils.min_max_update,
    )
    ((name, ends),) = calibration.get_signature_list().items()
    (images_name,) = ends["inputs"]
    shown = [
        {images_name: batch.numpy()} for batch in source.batches(images, _BATCH)
    ]
    calibration.calibrate({name: shown}, manager)
    return calibration.get_model_qsvs()
