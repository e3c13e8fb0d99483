"""LaidOut: what a notebook shows as tables."""

from advkeras.tables.table import Table


class LaidOut:
    """What lays itself out in tables, which a notebook shows in its place.

    `ak.tables.show(found.tables())` prints them.
    """

    def tables(self) -> list[Table]:
        """Returns what it holds, as tables."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return "".join(table.html() for table in self.tables())
