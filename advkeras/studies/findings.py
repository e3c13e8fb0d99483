"""What a study found: tables, measured figures beside the printed ones."""

import dataclasses
from typing import Any

from advkeras.evaluation import Mean
from advkeras.evaluation import Rate

Measured = Rate | Mean | float | str | None


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        measured: What we measured: a share, a mean, or a plain number; text
            where the cell says what its row is; None where the paper has a
            figure and we have none.
        published: What the paper prints, shares in percent; None where it
            prints nothing.
        recalled: Whether the published figure is known from memory only, not
            from a text that was at hand.
    """

    measured: Measured
    published: float | None = None
    recalled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values, the kind of figure among them."""
        measured = self.measured
        if isinstance(measured, (Rate, Mean)):
            kind: str = type(measured).__name__.lower()
            value: Any = measured.to_json()
        else:
            kind = "text" if isinstance(measured, str) else "number"
            value = {"value": measured}
        return {
            "kind": kind,
            "measured": value,
            "published": self.published,
            "recalled": self.recalled,
        }


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        name: What it is about.
        cells: One a column.
    """

    name: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, measured beside published.

    Attributes:
        title: What it shows.
        corner: Heading of the rows' names.
        columns: Headings of the cells.
        rows: The rows, in the order to be shown.
    """

    title: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "title": self.title,
            "corner": self.corner,
            "columns": list(self.columns),
            "rows": [
                {
                    "name": row.name,
                    "cells": [cell.to_json() for cell in row.cells],
                }
                for row in self.rows
            ],
        }


@dataclasses.dataclass(frozen=True)
class Findings:
    """All that one study found.

    Attributes:
        title: What was studied, with the paper's section, table or figure.
        tables: The tables.
        notes: How the measurement was made, where it departs, and why figures
            differ; a sentence or two each.
        pictures: File name, relative to the run's folder -> caption.
        details: Whatever else was measured, as JSON values.
    """

    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    pictures: dict[str, str] = dataclasses.field(default_factory=dict)
    details: dict[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "title": self.title,
            "tables": [table.to_json() for table in self.tables],
            "notes": list(self.notes),
            "pictures": self.pictures,
            "details": self.details,
        }
