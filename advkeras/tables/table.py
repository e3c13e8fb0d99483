"""Table: rows of figures, written as text of many kinds or a data frame."""

import csv
import dataclasses
import html
import io
import re
from typing import Any

_LATEX = {
    **{char: "\\" + char for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At the start of a line they would belong to the command before.
    "[": "{[}",
    "*": "{*}",
}
_PLAIN = re.compile(r"(-?)(\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?(e[+-]?\d+)?")
_FROM_TO = re.compile(r"(?<=\d)-(?=\d)")


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text; a `Cell` knows the figure that its text was made from.

    Attributes:
        title: What it shows, on one line.
        header: Heading of each column.
        rows: Cells of each row, as many as headings.
        names: How many columns, from the left, hold names and not figures.
        name: What its files are called.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 2
    name: str = "table"

    def markdown(self) -> str:
        """Writes it as Markdown."""
        marks = ("---",) * self.names
        marks += ("---:",) * (len(self.header) - self.names)
        lines = [self.header, marks, *self.rows]
        body = "\n".join(
            f"| {' | '.join(map(_within_bars, line))} |" for line in lines
        )
        return f"{self.title}:\n\n{body}\n"

    def html(self) -> str:
        """Writes it as an HTML table: its title above, figures to the right."""

        def line(tag: str, texts: tuple[str, ...]) -> str:
            cells = (
                f"<{tag} style='text-align:"
                f"{'left' if i < self.names else 'right'}'>"
                f"{html.escape(text)}</{tag}>"
                for i, text in enumerate(texts)
            )
            return f"<tr>{''.join(cells)}</tr>"

        lines = [
            "<table>",
            "<caption style='caption-side:top;text-align:left'>"
            f"{html.escape(self.title)}</caption>",
            f"<thead>{line('th', self.header)}</thead>",
            "<tbody>",
            *(line("td", row) for row in self.rows),
            "</tbody>",
            "</table>",
        ]
        return "\n".join(lines) + "\n"

    # What a notebook asks for.
    _repr_html_ = html

    def records(self) -> list[dict[str, Any]]:
        """Returns a mapping a row: heading -> figure, not rounded, or text.

        The ends of intervals are under "HEADING low" and "HEADING high". A
        heading that was had before gets a number. Names are text, whatever
        they look like; a figure that is not there is None.
        """
        keys = self._keys()
        records = []
        for row in self.rows:
            record: dict[str, Any] = {}
            for i, text in enumerate(row):
                key, *ends = keys[i]
                record[key] = str(text) if i < self.names else _value(text)
                if ends:
                    interval = getattr(text, "interval", None) or (None, None)
                    record.update(zip(ends, interval, strict=True))
            records.append(record)
        return records

    def figures(self) -> list[tuple[Any, ...]]:
        """Returns each figure: row, heading, value, both ends, its text.

        The row is its names, with commas between. What is no number, or has
        no interval, has None there.
        """
        found = []
        for row in self.rows:
            name = ", ".join(row[: self.names])
            for heading, text in zip(
                self.header[self.names :], row[self.names :], strict=True
            ):
                value = _value(text)
                number = None if isinstance(value, str) else value
                ends = getattr(text, "interval", None) or (None, None)
                found.append((name, heading, number, *ends, str(text)))
        return found

    def csv(self) -> str:
        """Writes it as CSV: figures that are not rounded, intervals apart."""
        drawn = io.StringIO()
        header = [key for keys in self._keys() for key in keys]
        writer = csv.DictWriter(drawn, header)
        writer.writeheader()
        writer.writerows(self.records())
        return drawn.getvalue()

    def latex(self) -> str:
        r"""Writes it as LaTeX, for the packages booktabs and siunitx.

        Figures stand in columns of type S; their intervals beside them.
        """
        wide = [self._has_interval(i) for i in range(len(self.header))]
        columns, headings = "", []
        for i, heading in enumerate(self.header):
            text = _escaped(heading)
            form = _form([row[i] for row in self.rows], wide[i])
            if i < self.names:
                columns += "l"
            elif wide[i]:
                columns += f"S[table-format={form}]@{{~}}l"
                text = rf"\multicolumn{{2}}{{c}}{{{text}}}"
            elif form is None:
                columns += "r"
            else:
                columns += f"S[table-format={form}]"
                text = f"{{{text}}}"
            headings.append(text)
        rows = [
            " & ".join(
                _latex(text, wide[i]) if i >= self.names else _escaped(text)
                for i, text in enumerate(row)
            )
            for row in self.rows
        ]
        lines = [
            f"% {' '.join(self.title.split())}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(headings) + r" \\",
            r"\midrule",
            *(row + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        return "\n".join(lines) + "\n"

    def frame(self) -> Any:
        """Returns it as a pandas.DataFrame; needs pandas."""
        import pandas

        return pandas.DataFrame.from_records(self.records())

    def _has_interval(self, column: int) -> bool:
        return any(getattr(row[column], "interval", None) for row in self.rows)

    def _keys(self) -> list[list[str]]:
        """Returns what a record calls each column and its interval's ends."""
        had: set[str] = set()
        keys = []
        for i, heading in enumerate(self.header):
            ends = (" low", " high") if self._has_interval(i) else ()
            own, again = [heading, *(heading + end for end in ends)], 1
            while had.intersection(own):
                again += 1
                name = f"{heading} {again}"
                own = [name, *(name + end for end in ends)]
            had.update(own)
            keys.append(own)
        return keys


def _value(text: str) -> Any:
    if getattr(text, "value", None) is not None:
        return text.value  # type: ignore[attr-defined]
    if text == "-":
        return None
    if _PLAIN.fullmatch(text):
        plain = text.replace(",", "")
        return float(plain) if "." in plain or "e" in plain else int(plain)
    return str(text)


def _within_bars(text: str) -> str:
    """Returns a cell of Markdown: on one line, and none of its bars ends it."""
    return re.sub(
        r"(\\*)\|",
        lambda found: 2 * found[1] + r"\|",
        " ".join(text.splitlines()),
    )


def _escaped(text: str) -> str:
    line = " ".join(text.split())
    escaped = "".join(_LATEX.get(char, char) for char in line)
    return re.sub("-(?=-)", "-{}", escaped)  # no dash of two hyphens


def _figure(text: str, has_interval: bool) -> re.Match[str] | None:
    """Matches a figure; in a column of intervals one stands behind it."""
    return _PLAIN.fullmatch(text.partition(" ")[0] if has_interval else text)


def _form(texts: list[str], has_interval: bool) -> str | None:
    """Returns what siunitx calls the widest of a column's figures, or None."""
    figures = (_figure(text, has_interval) for text in texts)
    found = [figure for figure in figures if figure is not None]
    if not found:
        return "1.0" if has_interval else None
    signs, wholes, parts, exponents = zip(
        *(figure.groups("") for figure in found), strict=True
    )
    whole = max(len(digits.replace(",", "")) for digits in wholes)
    decimals = max(map(len, parts)) - 1
    form = f"{'-' * any(signs)}{whole}.{max(decimals, 0)}"
    if any(exponents):
        powers = [int(text[1:]) for text in exponents if text]
        minus = "-" * (min(powers) < 0)
        form += f"e{minus}{max(len(str(abs(power))) for power in powers)}"
    return form


def _latex(text: str, has_interval: bool) -> str:
    """Writes a figure: alone, or with what stands behind it in a column."""
    figure = _figure(text, has_interval)
    if figure is None:
        return f"{{{_escaped(text)}}}" + " &" * has_interval
    sign, whole, part, exponent = figure.groups("")
    power = f"e{int(exponent[1:])}" if exponent else ""
    shown = sign + whole.replace(",", "") + part + power
    if not has_interval:
        return shown
    rest = _escaped(text.partition(" ")[2])
    # From one figure to another is a dash.
    return f"{shown} & {re.sub(_FROM_TO, '--', rest)}"
