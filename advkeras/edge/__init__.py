"""Export to .tflite, the runtimes that execute it, and what survives there."""

from advkeras.edge.c_source import write_c_source
from advkeras.edge.checking import check_fits
from advkeras.edge.checking import check_settings
from advkeras.edge.export import Exported
from advkeras.edge.export import export
from advkeras.edge.outcomes import Row
from advkeras.edge.outcomes import Survival
from advkeras.edge.runtimes import HERE as RUNTIMES
from advkeras.edge.runtimes import start
from advkeras.edge.shown import OVERSHOOTS
from advkeras.edge.survival import survival

__all__ = [
    "OVERSHOOTS",
    "RUNTIMES",
    "Exported",
    "Row",
    "Survival",
    "check_fits",
    "check_settings",
    "export",
    "start",
    "survival",
    "write_c_source",
]
