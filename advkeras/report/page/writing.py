"""Writing the page: its parts, one template, one style sheet, one script."""

import base64
import dataclasses
import importlib.resources
import os
import re
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from advkeras import files
from advkeras.evaluation import Checks
from advkeras.report.page.charts import Chart
from advkeras.report.page.facts import bibtex
from advkeras.report.page.facts import facts
from advkeras.report.page.facts import models_in_words
from advkeras.report.page.glossary import Glossary
from advkeras.report.page.pictures import Pictures
from advkeras.tables import Table

# What a reader finds where the page was written.
_BESIDE = (
    *(
        "results.json",
        "answers.json",
        "tables",
        "examples/*/",
    ),
    *("*/index.html", "*/results.json", "*/tables"),
)

_EMPHASIS = re.compile(r"\*(\S(?:[^*<>]*\S)?)\*")


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        heading: What it is about.
        note: What was done, below the heading.
        tables: Its tables.
        charts: Its charts, above the tables.
        figures: Its other pictures, below the tables: .png file -> what it
            shows.
    """

    heading: str
    note: str = ""
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    figures: Mapping[Path, str] = dataclasses.field(default_factory=dict)


def write_page(
    path: str | os.PathLike,
    title: str,
    sentences: Sequence[str],
    sections: Sequence[Section],
    results: Mapping[str, Any],
    pictures: Pictures | None = None,
) -> None:
    """Writes a page in one file.

    Args:
        path: Where to write the page (.html).
        title: The question that it answers.
        sentences: The answer, with its interval and of how many; then what
            else was found.
        sections: What follows.
        results: As in results.json: "command" and "versions"; "checks" where
            there are any; and what says what was done.
        pictures: The images, to be looked at one by one.
    """
    glossary = Glossary(models_in_words(results))
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    checks = list(map(Checks.from_json, results.get("checks", {}).values()))
    verdict, *found = sentences or [""]
    folder = Path(path).parent
    text = environment.from_string(_read("page.html")).render(
        title=title,
        verdict=verdict,
        found=found,
        failed=[
            line for one in checks if not one.hold for line in one.in_words()
        ],
        held=_together([one for one in checks if one.hold]),
        facts=facts(results),
        sections=sections,
        pictures=pictures,
        command=results["command"],
        bibtex=bibtex(results),
        files=_beside(folder),
        versions=results["versions"],
        meant=lambda text: _emphasised(glossary.meant(text)),
        part=glossary.part,
        glossary=glossary.met,
        figure_of=_figure_of,
        embedded=_embedded,
        css=_read("page.css"),
        script=_read("page.mjs"),
    )
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _together(checks: Sequence[Checks]) -> list[str]:
    """Returns what is said of models; of which the same, on one line."""
    models: dict[str, list[str]] = {}
    for one in checks:
        for line in one.in_words():
            rest = line.removeprefix(f"{one.model}: ")
            models.setdefault(rest, []).append(one.model)
    return [f"{', '.join(names)}: {rest}" for rest, names in models.items()]


def _read(name: str) -> str:
    """Returns a file of this folder."""
    here = importlib.resources.files("advkeras.report.page")
    return (here / name).read_text("utf-8")


def _emphasised(text: markupsafe.Markup) -> markupsafe.Markup:
    """Returns a text whose *published figures* are set apart."""
    return markupsafe.Markup(_EMPHASIS.sub(r"<em>\1</em>", str(text)))


def _figure_of(text: str) -> markupsafe.Markup:
    """Returns what a table is sorted by, as an attribute of the cell."""
    value = getattr(text, "value", None)
    return markupsafe.Markup(
        "" if value is None else f' data-value="{value!r}"'
    )


def _embedded(path: Path) -> str:
    """Returns a .png file as an address that needs no file."""
    encoded = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/png;base64,{encoded}"


def _beside(folder: Path) -> list[str]:
    """Returns what a reader finds beside the page, by name."""
    return [
        path.relative_to(folder).as_posix()
        for pattern in _BESIDE
        for path in sorted(folder.glob(pattern))
    ]
