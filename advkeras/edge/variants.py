"""The variants: the forms in which one model becomes a .tflite file."""

import dataclasses
from collections.abc import Iterable

from advkeras import checks


@dataclasses.dataclass(frozen=True)
class Variant:
    """What one form of a .tflite file is, as data.

    Attributes:
        name: Name of the variant, and of the file that it becomes.
        description: One sentence for people.
        weights: Type that the weights are stored in.
        activations: Type that it computes in.
        io: Type of input and output.
        supported_ops: Member of `tf.lite.OpsSet`: the kernels that it needs.
        needs_calibration: Whether images must show the range of activations.
    """

    name: str
    description: str
    weights: str
    activations: str
    io: str
    supported_ops: str = "TFLITE_BUILTINS"
    needs_calibration: bool = False


_INT16X8 = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"

VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(
            "float32",
            "As trained: float32 throughout.",
            weights="float32",
            activations="float32",
            io="float32",
        ),
        Variant(
            "float16",
            "Weights stored in float16, computed in float32.",
            weights="float16",
            activations="float32",
            io="float32",
        ),
        Variant(
            "dynamic",
            "Weights in int8, activations in float32.",
            weights="int8",
            activations="float32",
            io="float32",
        ),
        Variant(
            "int8",
            "Weights and activations in int8, also input and output.",
            weights="int8",
            activations="int8",
            io="int8",
            supported_ops="TFLITE_BUILTINS_INT8",
            needs_calibration=True,
        ),
        Variant(
            "int8-float-io",
            "Weights and activations in int8, input and output in float32.",
            weights="int8",
            activations="int8",
            io="float32",
            supported_ops="TFLITE_BUILTINS_INT8",
            needs_calibration=True,
        ),
        Variant(
            "int16x8",
            "Weights in int8, activations, input and output in int16.",
            weights="int8",
            activations="int16",
            io="int16",
            supported_ops=_INT16X8,
            needs_calibration=True,
        ),
        Variant(
            "int8-uint8-io",
            "Weights and activations in int8, input and output in uint8.",
            weights="int8",
            activations="int8",
            io="uint8",
            supported_ops="TFLITE_BUILTINS_INT8",
            needs_calibration=True,
        ),
    )
}


def find_all(names: str | Iterable[str]) -> dict[str, Variant]:
    """Returns the variants of these names, in this order, each once.

    Args:
        names: One name or several.

    Raises:
        ValueError: There is no name, or no such variant.
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names:
        raise ValueError(
            f"`variants` must name some of: {', '.join(VARIANTS)}. "
            "Received: variants=()"
        )
    for name in names:
        checks.check_choice("variants", name, VARIANTS)
    return {name: VARIANTS[name] for name in names}
