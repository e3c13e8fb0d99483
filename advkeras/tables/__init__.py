"""Tables of results, written for people and for programs."""

from advkeras.tables.cells import Cell
from advkeras.tables.cells import cell
from advkeras.tables.cells import number
from advkeras.tables.cells import rate
from advkeras.tables.laid_out import LaidOut
from advkeras.tables.table import Table
from advkeras.tables.terminal import show
from advkeras.tables.written import write

__all__ = [
    "Cell",
    "LaidOut",
    "Table",
    "cell",
    "number",
    "rate",
    "show",
    "write",
]
