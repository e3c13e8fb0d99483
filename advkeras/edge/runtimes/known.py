"""Known: what can run a .tflite file on this machine, and what it needs."""

import dataclasses
import importlib.util
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from advkeras import checks
from advkeras.edge.standalone import run_on_device

_STANDALONE = Path(run_on_device.__file__).parent

# LiteRT.js, which `advkeras.edge.runtimes.litertjs` fetches.
LITERTJS = "2.5.3"
LITERTJS_FOLDER = (
    Path(platformdirs.user_cache_dir("advkeras")) / f"litertjs-{LITERTJS}"
)
LITERTJS_PACKAGE = LITERTJS_FOLDER / "node_modules" / "@litertjs" / "core"


@dataclasses.dataclass(frozen=True)
class Known:
    """A runtime of this machine.

    Attributes:
        what: What it is, for people.
        modules: What Python must be able to import for it.
        programs: What must be on PATH for it.
        paths: What must be a file or folder for it.
        remedy: How to get these.
        command: What starts its process, before RUNTIME FILE THREADS LOOK.
    """

    what: str
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    remedy: str = ""
    command: tuple[str, ...] = (sys.executable, str(_STANDALONE / "worker.py"))

    @property
    def missing(self) -> list[str]:
        """Which of the modules, programs and paths are not here."""
        return [
            *(m for m in self.modules if importlib.util.find_spec(m) is None),
            *(p for p in self.programs if shutil.which(p) is None),
            *(str(p) for p in self.paths if not p.exists()),
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
    "litertjs": Known(
        "LiteRT.js, the WebAssembly that browsers run, one image at a time",
        programs=("node",),
        paths=(LITERTJS_PACKAGE,),
        remedy="get Node.js, as by apt-get install nodejs npm, and then "
        "python -m advkeras.edge.runtimes.litertjs",
        command=(
            "node",
            str(_STANDALONE / "worker.mjs"),
            str(LITERTJS_PACKAGE),
        ),
    ),
}

# What is asked where nobody says otherwise, and whose arithmetic a lift has.
DEFAULT = ("litert", "litert-reference", "tflm")


def check_installed(runtime: str) -> None:
    """Raises ValueError unless a runtime of this machine can be started."""
    missing = HERE[runtime].missing
    if missing:
        raise ValueError(
            f"`runtime` must be installed: {HERE[runtime].remedy}. "
            f"Received: runtime={runtime!r}, without {', '.join(missing)}"
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
