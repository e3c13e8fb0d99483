"""What a study found, as tables and Markdown made from its results.json."""

from typing import Any

from advkeras.report.grids import Grid
from advkeras.report.tables import cell as rate_with_interval
from advkeras.report.tables import number

_HOW_TO_READ = (
    "Measured / *published*, shares in % with 95 % intervals; a published "
    "figure with r is known from memory only."
)


def findings_grids(results: dict[str, Any]) -> list[Grid]:
    """Lays out the tables of a study.

    Args:
        results: `Findings.to_json()`.
    """
    return [
        Grid(
            table["title"],
            (table["corner"], *table["columns"]),
            tuple(
                (row["name"], *map(_cell, row["cells"]))
                for row in table["rows"]
            ),
            names=1,
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
        compared, outside = 0, []
        for row in table["rows"]:
            for column, cell in zip(
                table["columns"], row["cells"], strict=True
            ):
                ends = _ends(cell)
                if cell["published"] is None or ends is None:
                    continue
                compared += 1
                if not ends[0] <= cell["published"] <= ends[1]:
                    outside.append(f"{row['name']}, {column} ({_cell(cell)})")
        if compared:
            listed = f": {'; '.join(outside)}" if outside else ""
            sentences.append(
                f"Of {compared} published figures {compared - len(outside)} "
                f"lie within the interval measured, {len(outside)} do "
                f"not{listed}."
            )
    return sentences


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
    parts += [grid.markdown() for grid in findings_grids(results)]
    parts += [
        f"![{caption}]({folder}/{file})\n\n*{caption}*\n"
        for file, caption in results["pictures"].items()
    ]
    notes = [*findings_in_words(results), *results["notes"]]
    parts.append("".join(f"- {note}\n" for note in notes))
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    parts.append(f"Made by `{results['command']}` with {versions}.\n")
    return "\n".join(parts)


def _cell(cell: dict[str, Any]) -> str:
    measured = cell["measured"]
    if measured["value"] is None:
        text = "-"
    elif cell["kind"] == "text":
        text = measured["value"]
    elif cell["kind"] == "rate":
        text = rate_with_interval(measured, decimals=1)
    else:
        text = number(measured["value"])
        if measured.get("interval"):
            low, high = map(number, measured["interval"])
            to = " to " if low.startswith("-") else "-"
            text += f" ({low}{to}{high})"
    if cell["published"] is None:
        return text
    return f"{text} / *{cell['published']:g}{' r' * cell['recalled']}*"


def _ends(cell: dict[str, Any]) -> tuple[float, float] | None:
    """Returns the interval of a cell in the units of its published figure."""
    interval = cell["measured"].get("interval")
    if interval is None:
        return None
    factor = 100 if cell["kind"] == "rate" else 1
    return factor * interval[0], factor * interval[1]
