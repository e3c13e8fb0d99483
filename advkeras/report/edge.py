"""All that an evaluation at the edge found: what survives, and white boxes."""

from collections.abc import Mapping
from typing import Any

from advkeras.edge import Survival
from advkeras.edge import WhiteBox
from advkeras.report.page import Section
from advkeras.report.surviving import survival_charts
from advkeras.report.surviving import survival_in_words
from advkeras.report.surviving import survival_tables
from advkeras.report.white_box import white_box_in_words
from advkeras.report.white_box import white_box_tables
from advkeras.tables import Table


def edge_tables(results: Mapping[str, Any]) -> list[Table]:
    """Lays out whichever parts were measured.

    Args:
        results: "survival" as `survival_report` returned it, "white_box" as
            `white_box_report` did; either or both.
    """
    drawn = []
    if "survival" in results:
        drawn += survival_tables(Survival.from_json(results["survival"]))
    if "white_box" in results:
        drawn += white_box_tables(_rows(results))
    return drawn


def edge_sections(
    results: Mapping[str, Any], heading: str, note: str = ""
) -> list[Section]:
    """Lays out whichever parts were measured, for a page.

    Args:
        results: As for `edge_tables`.
        heading: Of the part that comes first.
        note: What was done.
    """
    drawn = []
    if "survival" in results:
        survival = Survival.from_json(results["survival"])
        # What runtimes have in common is a chart here, and long as a table.
        listed = [
            table
            for table in survival_tables(survival)
            if not table.name.startswith("alike")
        ]
        charts = survival_charts(survival)
        drawn.append(Section(heading, note, listed, charts))
    if "white_box" in results:
        listed = white_box_tables(_rows(results))
        of = f"Attacks on the copies of {results['source']} themselves"
        drawn.append(Section(of, tables=listed))
    return drawn


def edge_in_words(results: Mapping[str, Any]) -> list[str]:
    """Says what the figures show, and what was left out."""
    said = [
        f"{variant} was not exported: {reason}"
        for variant, reason in results.get("not_exported", {}).items()
    ]
    if "survival" in results:
        found = Survival.from_json(results["survival"])
        said += [
            f"{row['variant']} on {row['runtime']}: skipped: {row['reason']}"
            for row in found.skipped
        ]
        said += survival_in_words(results["source"], found)
    if "white_box" in results:
        said += [
            f"{row['variant']} was not lifted: {row['reason']}"
            for row in results["white_box"]["skipped"]
        ]
        said += white_box_in_words(_rows(results))
    return said


def _rows(results: Mapping[str, Any]) -> list[WhiteBox]:
    return [WhiteBox.from_json(row) for row in results["white_box"]["rows"]]
