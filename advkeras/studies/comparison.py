"""A table of a paper with a measured figure beside every printed one."""

import dataclasses
from typing import Any

from advkeras.evaluation import Rate


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        measured: What we measured.
        published: What the paper prints, in percent; None where it does not.
        recalled: Whether the published figure is known from memory only, not
            from a text that was at hand.
    """

    measured: Rate
    published: float | None = None
    recalled: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: What the images are.
        published: The distortion that the paper prints; None without.
        measured: The mean distortion that we measured.
        cells: One a column.
    """

    name: str
    published: float | None
    measured: float
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A table of a paper, measured beside published.

    Attributes:
        title: What the table shows, with paper and number.
        columns: Headings of the cells.
        rows: The rows, in the order to be shown.
        notes: How the measurement was made and where it departs.
        details: Whatever else was measured, as JSON values.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    details: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [
                {
                    "name": row.name,
                    "published": row.published,
                    "measured": row.measured,
                    "cells": [
                        {
                            "measured": cell.measured.to_json(),
                            "published": cell.published,
                            "recalled": cell.recalled,
                        }
                        for cell in row.cells
                    ],
                }
                for row in self.rows
            ],
            "notes": list(self.notes),
            "details": self.details,
        }
