"""Known: what can run a .tflite file on this machine, and what it needs."""

import dataclasses
import importlib.util
import shutil
from collections.abc import Iterable

from advkeras import checks


@dataclasses.dataclass(frozen=True)
class Known:
    """A runtime of this machine.

    Attributes:
        what: What it is, for people.
        modules: What Python must be able to import for it.
        programs: What must be on PATH for it.
        remedy: How to get these.
    """

    what: str
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def missing(self) -> list[str]:
        """Which of the modules and programs are not here."""
        return [
            *(m for m in self.modules if importlib.util.find_spec(m) is None),
            *(p for p in self.programs if shutil.which(p) is None),
        ]


# In the order in which one is sought that runs a file.
HERE = {
    "litert": Known("LiteRT's interpreter with its fast kernels (XNNPACK)"),
    "litert-reference": Known(
        "LiteRT's interpreter with its reference kernels"
    ),
    "tflm": Known(
        "the kernels of TensorFlow Lite Micro, one image at a time",
        modules=("tflite_micro",),
        remedy="pip install 'advkeras[tflm]'",
    ),
    "litert-optimised": Known(
        "LiteRT's interpreter with its own fast kernels, without XNNPACK"
    ),
    "openvino": Known(
        "OpenVINO, which takes bfloat16 for floats where the CPU has it",
        modules=("openvino",),
        remedy="pip install 'advkeras[openvino]'",
    ),
    "openvino-f32": Known(
        "OpenVINO, told to compute floats in float32",
        modules=("openvino",),
        remedy="pip install 'advkeras[openvino]'",
    ),
    "tosa": Known(
        "Arm's TOSA on the reference model of its specification",
        modules=("tosa_converter_for_tflite", "tosa_reference_model"),
        remedy="pip install 'advkeras[tosa]', in an environment of its own",
    ),
}

# What is asked where nobody says otherwise, and whose arithmetic a lift has.
DEFAULT = ("litert", "litert-reference", "tflm")


def check_installed(runtime: str) -> None:
    """Raises ValueError unless a runtime of this machine can be started."""
    missing = HERE[runtime].missing
    if missing:
        raise ValueError(
            f"`runtimes` must be installed: {HERE[runtime].remedy}. "
            f"Received: runtimes={runtime!r}, without {', '.join(missing)}"
        )


def installed(runtimes: Iterable[str] = tuple(HERE)) -> list[str]:
    """Returns those of the runtimes that are on this machine.

    Example:
        >>> ak.edge.survival(result, variants, ak.edge.installed())
    """
    return [name for name in runtimes if not HERE[name].missing]


def check_lifted(runtime: str) -> None:
    """Raises ValueError unless it is one whose arithmetic a lift has."""
    checks.check_choice("runtime", runtime, DEFAULT)
