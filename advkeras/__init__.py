"""advkeras: adversarial examples for Keras models, from training to device.

    import advkeras as ak

The rooms are imported when they are first named, so that `import advkeras`
costs nothing and an app can print its `--help` without TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING
from typing import Any

from advkeras.greeting import unheard as _unheard
from advkeras.version import __version__ as __version__

if TYPE_CHECKING:
    from advkeras import analysis as analysis
    from advkeras import attacks as attacks
    from advkeras import benchmark as benchmark
    from advkeras import datasets as datasets
    from advkeras import edge as edge
    from advkeras import evaluation as evaluation
    from advkeras import models as models
    from advkeras import report as report
    from advkeras import studies as studies
    from advkeras import tables as tables
    from advkeras import training as training
    from advkeras.classifier import Classifier as Classifier
    from advkeras.loading import load as load

_ROOMS = (
    "analysis",
    "attacks",
    "benchmark",
    "datasets",
    "edge",
    "evaluation",
    "models",
    "report",
    "studies",
    "tables",
    "training",
)

# What is named without its room -> where it is.
_NAMES = {"Classifier": "advkeras.classifier", "load": "advkeras.loading"}

__all__ = [*_NAMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        with _unheard():
            return importlib.import_module(f"advkeras.{name}")
    if name in _NAMES:
        with _unheard():
            return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'advkeras' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
