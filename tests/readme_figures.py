"""Sets the figures of README.md beside those that `make quickstart` gives now.

    python tests/readme_figures.py [--write]

README.md names the table of a run above each of its own, as in
`<!-- quickstart: robust-accuracy -->`. Nets that another CPU trains are other
nets: a figure is stale where its 95 % interval and the one measured now are
more than 5 points apart. What has no interval, a distortion, is not compared.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import advkeras as ak
from advkeras.tables import Table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RUN = ROOT / "output/quickstart"
MARKED = re.compile(r"(<!-- quickstart: (\S+) -->\n\n)((?:\|.*\n)+)")
SHARE = re.compile(r"[\d.]+ \(([\d.]+)-([\d.]+)\)")
APART = 5  # points


def rows_of(text: str, names: int) -> dict[tuple[str, ...], list[str]]:
    """Returns the cells of a Markdown table by the names of their row.

    Runtimes that share a line, as they may not elsewhere, have one each.

    Args:
        text: The table.
        names: How many columns, from the left, hold names.
    """
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|\n").split("|")]
        for name in cells[names - 1].split(", "):
            rows[*cells[: names - 1], name] = cells[names:]
    return rows


def stale(text: str, tables: Iterable[Table]) -> list[str]:
    """Returns what a text says that is not so, a line each.

    Args:
        text: Of README.md.
        tables: Of the run.
    """
    named = {table.name: table for table in tables}
    said = []
    for _, name, body in MARKED.findall(text):
        if name not in named:
            said.append(f"{name}: no table of the run")
            continue
        names = named[name].names
        there, now = (rows_of(t, names) for t in (body, _body(named[name])))
        if there.keys() != now.keys():
            said.append(f"{name}: other rows")
            continue
        said += [
            f"{name}, {', '.join(row)}: {a} there, {b} now"
            for row, old in there.items()
            for a, b in zip(old, now[row], strict=True)
            if not _alike(a, b)
        ]
    return said


def written(text: str, tables: Iterable[Table]) -> str:
    """Returns a text with the figures of a run."""
    named = {table.name: table for table in tables}
    return MARKED.sub(lambda found: found[1] + _body(named[found[2]]), text)


def _body(table: Table) -> str:
    return table.markdown().partition("\n\n")[2]


def _alike(one: str, other: str) -> bool:
    shares = SHARE.fullmatch(one), SHARE.fullmatch(other)
    if None in shares:
        return shares == (None, None)
    (low, high), (least, most) = (map(float, each.groups()) for each in shares)
    return low - APART <= most and least <= high + APART


def main() -> int:
    """Returns 1 where a figure is not true any more; each is printed."""
    text = README.read_text("utf-8")
    tables = ak.report.results_tables(ak.report.read(RUN))
    if "--write" in sys.argv[1:]:
        README.write_text(written(text, tables), "utf-8")
        return 0
    found = stale(text, tables)
    print(*found, sep="\n")
    print(
        f"{len(MARKED.findall(text))} tables of README.md, {len(found)} stale"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
