"""What a study found, as tables and Markdown made from its results.json."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from advkeras.report.page import Section
from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import cell as rate_with_interval
from advkeras.tables import number

_HOW_TO_READ = (
    "Measured / *published*, shares in % with 95 % intervals; a published "
    "figure with r is known from memory only."
)


def findings_tables(results: dict[str, Any]) -> list[Table]:
    """Lays out the tables of a study.

    Args:
        results: `Findings.to_json()`.
    """
    return [
        Table(
            table["title"],
            (table["corner"], *table["columns"]),
            tuple(
                (row["name"], *map(_cell, row["cells"]))
                for row in table["rows"]
            ),
            names=1,
            name=table["title"].split(":")[0].lower(),
        )
        for table in results["tables"]
    ]


def findings_in_words(results: dict[str, Any]) -> list[str]:
    """Says which published figures lie outside what was measured.

    Args:
        results: `Findings.to_json()`.

    Returns:
        A sentence for each table that has published figures.
    """
    sentences = []
    for table in results["tables"]:
        compared, outside = _compared(table)
        if compared:
            listed = f": {'; '.join(outside)}" if outside else ""
            sentences.append(f"{_within(compared, len(outside))}{listed}.")
    return sentences


def studies_in_words(studies: Sequence[dict[str, Any]]) -> list[str]:
    """Says of several studies how many published figures are measured again.

    Args:
        studies: `Findings.to_json()` of each.

    Returns:
        A sentence on all of them, where any has published figures; and those
        of each.
    """
    found = [_compared(table) for one in studies for table in one["tables"]]
    compared = sum(count for count, _ in found)
    sentences = [
        f"{one['title']}: {sentence}"
        for one in studies
        for sentence in findings_in_words(one)
    ]
    if not compared:
        return [f"Measured: {'; '.join(one['title'] for one in studies)}."]
    return [
        f"{_within(compared, sum(len(outside) for _, outside in found))}.",
        *sentences,
    ]


def findings_section(results: dict[str, Any], folder: Path) -> Section:
    """Lays out a study, for a page.

    Args:
        results: `Findings.to_json()`, as `Run.finish` returned it.
        folder: Where its pictures lie.
    """
    published = any(_compared(table)[0] for table in results["tables"])
    return Section(
        results["title"],
        " ".join([*[_HOW_TO_READ] * published, *results["notes"]]),
        findings_tables(results),
        figures={
            folder / file: shows for file, shows in results["pictures"].items()
        },
    )


def findings_markdown(results: dict[str, Any], folder: str) -> str:
    """Returns a study as a section of a page.

    Args:
        results: `Findings.to_json()`, as `Run.finish` returned it.
        folder: Where its pictures lie, seen from the page.
    """
    parts = [f"## {results['title']}\n"]
    if any(
        cell["published"] is not None
        for table in results["tables"]
        for row in table["rows"]
        for cell in row["cells"]
    ):
        parts.append(_HOW_TO_READ + "\n")
    parts += [table.markdown() for table in findings_tables(results)]
    parts += [
        f"![{caption}]({folder}/{file})\n\n*{caption}*\n"
        for file, caption in results["pictures"].items()
    ]
    notes = [*findings_in_words(results), *results["notes"]]
    parts.append("".join(f"- {note}\n" for note in notes))
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    parts.append(f"Made by `{results['command']}` with {versions}.\n")
    return "\n".join(parts)


def _compared(table: dict[str, Any]) -> tuple[int, list[str]]:
    """Returns how many figures have intervals, and which lie outside."""
    compared, outside = 0, []
    for row in table["rows"]:
        for column, cell in zip(table["columns"], row["cells"], strict=True):
            ends = _ends(cell)
            if cell["published"] is None or ends is None:
                continue
            compared += 1
            if not ends[0] <= cell["published"] <= ends[1]:
                outside.append(f"{row['name']}, {column} ({_cell(cell)})")
    return compared, outside


def _within(compared: int, outside: int) -> str:
    return (
        f"Of {compared} published figures {compared - outside} lie within the "
        f"interval measured, {outside} do not"
    )


def _cell(cell: dict[str, Any]) -> Cell:
    measured = cell["measured"]
    if measured["value"] is None:
        text = "-"
    elif cell["kind"] == "text":
        text = measured["value"]
    elif cell["kind"] == "rate":
        text = str(rate_with_interval(measured, decimals=1))
    else:
        text = str(number(measured["value"]))
        if measured.get("interval"):
            low, high = map(number, measured["interval"])
            to = " to " if low.startswith("-") else "-"
            text += f" ({low}{to}{high})"
    if cell["published"] is not None:
        text += f" / *{cell['published']:g}{' r' * cell['recalled']}*"
    if measured["value"] is None or cell["kind"] == "text":
        return Cell(text)
    factor = 100 if cell["kind"] == "rate" else 1
    return Cell(text, factor * measured["value"], _ends(cell))


def _ends(cell: dict[str, Any]) -> tuple[float, float] | None:
    """Returns the interval of a cell in the units of its published figure."""
    interval = cell["measured"].get("interval")
    if interval is None:
        return None
    factor = 100 if cell["kind"] == "rate" else 1
    return factor * interval[0], factor * interval[1]
