"""Grid: a table that is drawn for the terminal or for Markdown."""

import dataclasses

from rich.markup import escape
from rich.table import Table

from advkeras.report import tables

_NAME = 24  # letters of a name that is no path
_BAR = r"\|"  # within a cell of Markdown


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table of text.

    Attributes:
        title: What it shows, on one line.
        header: Heading of each column.
        rows: Cells of each row, as many as headings.
        names: How many columns, from the left, hold names and not figures.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 2

    def table(self) -> Table:
        """Draws it for the terminal."""
        drawn = tables.plain(escape(self.title))
        drawn.padding = (0, 0, 0, 0)  # 80 columns hold seven of these
        for i, heading in enumerate(self.header):
            names = ", ".join(row[i] for row in self.rows).split(", ")
            # On a narrow terminal figures break at their interval, and of the
            # names only paths.
            drawn.add_column(
                escape(heading),
                justify="left" if i < self.names else "right",
                no_wrap=i < self.names and max(map(len, names)) <= _NAME,
                overflow="fold",  # nothing is cut
            )
        for row in self.rows:
            lines = (text.replace(", ", "\n") for text in row[: self.names])
            drawn.add_row(*map(escape, (*lines, *row[self.names :])))
        return drawn

    def markdown(self) -> str:
        """Draws it for Markdown."""
        marks = ("---",) * self.names
        marks += ("---:",) * (len(self.header) - self.names)
        lines = [self.header, marks, *self.rows]
        body = "\n".join(
            f"| {' | '.join(text.replace('|', _BAR) for text in line)} |"
            for line in lines
        )
        return f"{self.title}:\n\n{body}\n"
