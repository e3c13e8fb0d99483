"""All that an evaluation at the edge found: what survives, and white boxes."""

from collections.abc import Mapping
from typing import Any

from advkeras.edge import Survival
from advkeras.edge import WhiteBox
from advkeras.report.grids import Grid
from advkeras.report.survival_tables import survival_grids
from advkeras.report.survival_tables import survival_in_words
from advkeras.report.white_box import white_box_grids
from advkeras.report.white_box import white_box_in_words


def edge_grids(results: Mapping[str, Any]) -> list[Grid]:
    """Lays out whichever parts were measured.

    Args:
        results: "survival" as `survival_report` returned it, "white_box" as
            `white_box_report` did; either or both.
    """
    grids = []
    if "survival" in results:
        grids += survival_grids(Survival.from_json(results["survival"]))
    if "white_box" in results:
        grids += white_box_grids(_rows(results))
    return grids


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
