"""Tables in a terminal: of any width, without a digit lost."""

from collections.abc import Iterable

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.segment import Segments
from rich.table import Table as Drawn

from advkeras.tables.table import Table

_NAME = 24  # letters of a name that is no path


def show(tables: Iterable[Table], console: Console | None = None) -> None:
    """Prints tables: as wide as they are, or turned where that is too wide.

    What is piped has no width, and gets every table in one piece. On a
    terminal figures break before their intervals, and never within; where that
    is not enough there is a block a row.

    Args:
        tables: What to print.
        console: Where to; None for the standard output.
    """
    console = console or Console()
    for table in tables:
        room = console.width if console.is_terminal else None
        made = drawn(table, room) or turned(table, console.width)
        # By itself `rich` draws nothing wider than it takes the console for.
        options = console.options.update(width=_width(made))
        segments = Segments(console.render(made, options))
        console.print(segments, crop=False, end="")


def plain(title: str) -> Drawn:
    """Returns an empty table in the style of all tables."""
    # Narrow enough for three models on 80 columns.
    return Drawn(
        title=escape(title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0, 0, 0),  # 80 columns hold seven of these
        pad_edge=False,
    )


def drawn(table: Table, room: int | None = None) -> Drawn | None:
    """Draws a table for `rich`; None where it would not fit.

    Args:
        table: The table.
        room: Columns of the terminal; None for any number.
    """
    rows = [
        (
            *(text.replace(", ", "\n") for text in row[: table.names]),
            *row[table.names :],
        )
        for row in table.rows
    ]
    columns = list(zip(table.header, *rows, strict=True))
    most = [max(map(_longest, column)) for column in columns]
    widths = most
    if room is not None:
        spare = room - len(columns) - 1
        least = [
            # Of the names only paths break.
            min(most[i], _NAME) if i < table.names else _word(column)
            for i, column in enumerate(columns)
        ]
        if sum(least) > spare:
            return None
        widths = _shared_out(least, most, spare)
    made = plain(table.title)
    for i, heading in enumerate(table.header):
        made.add_column(
            escape(heading),
            justify="left" if i < table.names else "right",
            overflow="fold",  # nothing is cut
            width=widths[i],
        )
    for row in rows:
        made.add_row(*map(escape, row))
    return made


def turned(table: Table, room: int) -> Drawn:
    """Draws a table for `rich`, a line a cell: for narrow terminals.

    Args:
        table: The table.
        room: Columns of the terminal.
    """
    made = plain(table.title)
    made.show_header = False
    names = min(max(map(_longest, table.header)), room // 2)
    made.add_column(overflow="fold", width=names)
    made.add_column(overflow="fold", width=max(room - names - 3, 1))
    for row in table.rows:
        for heading, text in zip(table.header, row, strict=True):
            made.add_row(escape(heading), escape(text))
        made.add_section()
    return made


def _shared_out(least: list[int], most: list[int], spare: int) -> list[int]:
    """Returns widths from `least` to `most` that fit; the left ones first."""
    widths = list(least)
    left = spare - sum(least)
    for i, wanted in enumerate(most):
        more = min(wanted - widths[i], left)
        widths[i] += more
        left -= more
    return widths


def _width(made: Drawn) -> int:
    return (
        sum(column.width or 0 for column in made.columns)
        + len(made.columns)
        + 1
    )


def _longest(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _word(texts: Iterable[str]) -> int:
    words = [word for text in texts for word in text.split()]
    return max(map(cell_len, words), default=0)
