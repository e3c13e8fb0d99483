"""Export to .tflite, the runtimes that execute it, and what survives there."""

from advkeras.edge.alike import Alike
from advkeras.edge.c_source import write_c_source
from advkeras.edge.checking import check_fits
from advkeras.edge.checking import check_runs
from advkeras.edge.checking import check_settings
from advkeras.edge.export import Exported
from advkeras.edge.export import export
from advkeras.edge.lift import Agreement
from advkeras.edge.lift import TfliteClassifier
from advkeras.edge.lift import agreement
from advkeras.edge.npus import NPUS
from advkeras.edge.npus import npu_report
from advkeras.edge.one_output import with_one_output
from advkeras.edge.outcomes import Row
from advkeras.edge.outcomes import Survival
from advkeras.edge.parting import Parting
from advkeras.edge.runtimes import DEFAULT as DEFAULT_RUNTIMES
from advkeras.edge.runtimes import HERE as RUNTIMES
from advkeras.edge.runtimes import installed
from advkeras.edge.runtimes import start
from advkeras.edge.shown import OVERSHOOTS
from advkeras.edge.survival import survival
from advkeras.edge.white_box import Way
from advkeras.edge.white_box import WhiteBox
from advkeras.edge.white_box import white_box

# Last: the function takes the place that the package of this name has here.
from advkeras.edge.lift import lift  # isort: skip

__all__ = [
    "DEFAULT_RUNTIMES",
    "NPUS",
    "OVERSHOOTS",
    "RUNTIMES",
    "Agreement",
    "Alike",
    "Exported",
    "Parting",
    "Row",
    "Survival",
    "TfliteClassifier",
    "Way",
    "WhiteBox",
    "agreement",
    "check_fits",
    "check_runs",
    "check_settings",
    "export",
    "installed",
    "lift",
    "npu_report",
    "start",
    "survival",
    "white_box",
    "with_one_output",
    "write_c_source",
]
