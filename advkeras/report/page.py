"""The HTML page of a run: what was found, tables and pictures, in one file."""

import dataclasses
import importlib.resources
import os
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import jinja2

from advkeras import files
from advkeras.evaluation import Checks
from advkeras.report.grids import Grid


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        heading: What it is about.
        note: What was done, below the heading.
        grids: Its tables.
        figures: Path of each picture, relative to the page -> what it shows.
    """

    heading: str
    note: str = ""
    grids: Sequence[Grid] = ()
    figures: Mapping[str, str] = dataclasses.field(default_factory=dict)


def write_page(
    path: str | os.PathLike,
    title: str,
    paragraphs: Sequence[str],
    sections: Sequence[Section],
    results: Mapping[str, Any],
) -> None:
    """Writes a page: what the checks come to, what was found, and all parts.

    Args:
        path: Where to write the page (.html); the pictures that the sections
            name lie beside it.
        title: Heading of the page.
        paragraphs: What is to be learnt from it.
        sections: What follows.
        results: As in results.json: "command", "versions" and "checks".
    """
    checks = [Checks.from_json(one) for one in results["checks"].values()]
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = importlib.resources.files("advkeras.report") / "page.html"
    text = environment.from_string(template.read_text("utf-8")).render(
        title=title,
        checks=checks,
        paragraphs=paragraphs,
        sections=sections,
        command=results["command"],
        versions=results["versions"],
    )
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
