"""The HTML page of a run: tables and pictures, one file beside them."""

import importlib.resources
import os
from typing import Any

import jinja2

from advkeras import files
from advkeras.edge import Survival
from advkeras.report import tables
from advkeras.report.survival_tables import survival_grids


def write_page(
    path: str | os.PathLike,
    title: str,
    paragraphs: list[str],
    results: dict[str, Any],
) -> None:
    """Writes a page: transfer matrices, then what survives at the edge.

    Args:
        path: Where to write the page (.html); the pictures that the results
            name lie beside it.
        title: Heading of the page.
        paragraphs: What is to be learnt from it.
        results: As in results.json, with "matrices" and "figures", both by
            name of the attack, and, if there is one, under "edge" what
            `survival_report` returned.
    """
    grids = []
    if "edge" in results:
        survival = Survival.from_json(results["edge"]["survival"])
        grids = survival_grids(survival)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True)
    environment.filters["cell"] = tables.cell
    template = importlib.resources.files("advkeras.report") / "page.html"
    text = environment.from_string(template.read_text("utf-8")).render(
        title=title, paragraphs=paragraphs, results=results, grids=grids
    )
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
