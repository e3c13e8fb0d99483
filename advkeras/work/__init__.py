"""Work: units that are done once, by whichever worker, and what does them."""

from advkeras.work.engines import Engine
from advkeras.work.engines import check_engine
from advkeras.work.engines import engine
from advkeras.work.performing import FailedUnitsError
from advkeras.work.performing import Performed
from advkeras.work.performing import perform
from advkeras.work.plan import Folder
from advkeras.work.plan import Plan
from advkeras.work.plan import State
from advkeras.work.units import Unit

__all__ = [
    "Engine",
    "FailedUnitsError",
    "Folder",
    "Performed",
    "Plan",
    "State",
    "Unit",
    "check_engine",
    "engine",
    "perform",
]
