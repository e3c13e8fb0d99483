"""Tables as files: for a spreadsheet, for a paper, for a README."""

import re
from collections.abc import Iterable
from pathlib import Path

from advkeras import files
from advkeras.tables.table import Table

_WRITERS = {".csv": Table.csv, ".md": Table.markdown, ".tex": Table.latex}
_NOT_IN_A_NAME = re.compile(r"[^\w.@=+-]+")


def write(tables: Iterable[Table], folder: str | Path) -> list[Path]:
    """Writes each table as .csv, .md and .tex, called what the table is.

    Args:
        tables: What to write; a name that was had before gets a number.
        folder: Where to; made if it is not there.

    Returns:
        What was written.
    """
    written: list[Path] = []
    had: set[str] = set()
    for table in tables:
        name = stem = _NOT_IN_A_NAME.sub("-", table.name).strip(".-") or "table"
        again = 1
        # Some systems take A.csv and a.csv for the same.
        while name.lower() in had:
            again += 1
            name = f"{stem}-{again}"
        had.add(name.lower())
        for ending, writer in _WRITERS.items():
            path = Path(folder) / f"{name}{ending}"
            with files.replacing(path) as temporary:
                temporary.write_text(writer(table), "utf-8", newline="")
            written.append(path)
    return written
