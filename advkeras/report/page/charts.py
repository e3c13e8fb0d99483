"""Charts: tables, drawn by Vega-Lite before the page is opened."""

import dataclasses
import html
import re
from collections.abc import Mapping
from typing import Any

from advkeras.tables import Table

# Told apart on white and on black, and by most who see fewer colours.
COLORS = (
    "#3b7dd8",
    "#d9731a",
    "#2f9e5b",
    "#b04fb8",
    "#c9434e",
    "#1a8f9c",
    "#8f6a3a",
    "#7a7f1f",
    "#8a8a8a",
)
_THEME = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    # Letters may be wider where it is read than where it was drawn.
    "padding": {"left": 20, "top": 5, "right": 12, "bottom": 5},
    "view": {"stroke": "transparent"},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "domainColor": "currentColor",
        "tickColor": "currentColor",
        "gridColor": "#8888",
        "gridOpacity": 0.4,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "labelLimit": 160,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "labelLimit": 220,
        "orient": "bottom",
        "columns": 3,
    },
    "title": {"color": "currentColor", "fontWeight": "normal"},
    "range": {"category": list(COLORS)},
}
_ROLES = re.compile(r' (?:role|aria-roledescription|aria-hidden)="[^"]*"')
_SIZE = re.compile(r'<svg[^>]*? viewBox="0 0 (\d+) (\d+)"[^>]*>')


@dataclasses.dataclass(frozen=True)
class Chart:
    """A picture of figures, which stand below it as a table.

    Attributes:
        title: What it shows, in a sentence.
        table: The figures.
        spec: Vega-Lite, but for the data and the theme; the fields are what
            `Table.records` calls them.
    """

    title: str
    table: Table
    spec: Mapping[str, Any]

    def svg(self) -> str:
        """Draws it: SVG that takes its text colour from where it stands."""
        import vl_convert

        values = [
            {k: v for k, v in record.items() if v is not None}
            for record in self.table.records()
        ]
        drawn = vl_convert.vegalite_to_svg(
            {"config": _THEME, "data": {"values": values}, **self.spec}
        )
        # One picture for a screen reader; the table says the rest.
        drawn = _ROLES.sub("", drawn).replace(" aria-label=", " data-said=")
        said = html.escape(self.title)
        return _SIZE.sub(
            rf'<svg class="chart" role="img" aria-label="{said}" '
            r'viewBox="0 0 \1 \2" style="max-width: \1px">',
            drawn,
            count=1,
        )


def curves(
    title: str,
    table: Table,
    x: str,
    y: str,
    color: str,
    *,
    percent: bool = True,
    log: bool = False,
) -> Chart:
    """Draws lines with the intervals of their points.

    Args:
        title: What it shows.
        table: A row a point; "Y low" and "Y high" come of its intervals.
        x: Heading of the column that goes to the right.
        y: Heading of the column that goes up.
        color: Heading of the column that tells the lines apart.
        percent: Whether y is shares, from 0 to 100.
        log: Whether x doubles rather than adds.
    """
    scale: dict[str, Any] = {"type": "symlog" if log else "linear"}
    up: dict[str, Any] = {"field": _field(y), "type": "quantitative"}
    up |= {"title": f"{y} in %" if percent else y}
    if percent:
        up["scale"] = {"domain": [0, 100]}
    shared = {
        "x": {
            "field": _field(x),
            "type": "quantitative",
            "title": x,
            "scale": {**scale, "zero": False},
        },
        "color": {
            "field": _field(color),
            "type": "nominal",
            "title": None,
            "sort": None,
        },
    }
    ends = {"y": {**up, "field": _field(f"{y} low")}}
    ends |= {"y2": {"field": _field(f"{y} high")}}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "line"}, "encoding": {**shared, "y": up}},
        {
            "mark": {"type": "point", "filled": True, "size": 40},
            "encoding": {**shared, "y": up},
        },
    ]
    if any(f"{y} low" in record for record in table.records()):
        layers.insert(0, {"mark": "rule", "encoding": {**shared, **ends}})
    spec = {"width": 330, "height": 210, "layer": layers}
    return Chart(title, table, spec)


def heat_map(
    title: str, table: Table, x: str, y: str, value: str, text: str
) -> Chart:
    """Draws a matrix of shares, each with its figure.

    Args:
        title: What it shows.
        table: A row a cell.
        x: Heading of the column that goes to the right.
        y: Heading of the column that goes down.
        value: Heading of the column of figures, from 0 to 100.
        text: Heading of the column that is written.
    """
    across = {"field": _field(x), "type": "nominal", "sort": None}
    down = {"field": _field(y), "type": "nominal", "sort": None}
    here = {"field": _field(value), "type": "quantitative"}
    return Chart(
        title,
        table,
        {
            "width": {"step": 74},
            "height": {"step": 30},
            "encoding": {
                "x": {
                    **across,
                    "title": x,
                    "axis": {"orient": "top", "labelAngle": -30},
                },
                # Beside long names it would lie on them.
                "y": {**down, "title": None},
            },
            "layer": [
                {
                    "mark": "rect",
                    "encoding": {
                        "color": {
                            **here,
                            "scale": {"domain": [0, 100], "scheme": "blues"},
                            "legend": None,
                        }
                    },
                },
                {
                    "mark": {"type": "text", "fontSize": 11},
                    "encoding": {
                        "text": {"field": _field(text), "type": "nominal"},
                        "color": {
                            "condition": {
                                "test": f"datum[{value!r}] > 55",
                                "value": "white",
                            },
                            "value": "black",
                        },
                    },
                },
            ],
        },
    )


def histogram(
    title: str, table: Table, ends: tuple[str, str], y: str, color: str, x: str
) -> Chart:
    """Draws how many figures fall into each bin, a colour a kind.

    Args:
        title: What it shows.
        table: A row a bin and kind.
        ends: Headings of the columns where a bin begins and ends.
        y: Heading of the column of counts.
        color: Heading of the column of kinds.
        x: What lies to the right.
    """
    first, last = map(_field, ends)
    return Chart(
        title,
        table,
        {
            "width": 330,
            "height": 180,
            "mark": {"type": "bar", "opacity": 0.65},
            "encoding": {
                "x": {
                    "field": first,
                    "bin": {"binned": True},
                    "type": "quantitative",
                    "title": x,
                },
                "x2": {"field": last},
                "y": {
                    "field": _field(y),
                    "type": "quantitative",
                    "title": y,
                    "stack": None,
                },
                "color": {
                    "field": _field(color),
                    "type": "nominal",
                    "title": None,
                    "sort": None,
                },
            },
        },
    )


def bars(
    title: str, table: Table, x: str, y: str, *, percent: bool = True
) -> Chart:
    """Draws a bar a row, with its interval where there is one.

    Args:
        title: What it shows.
        table: A row a bar.
        x: Heading of the column of figures.
        y: Heading of the column that names them.
        percent: Whether x is shares, from 0 to 100.
    """
    across: dict[str, Any] = {"field": _field(x), "type": "quantitative"}
    across |= {"title": f"{x} in %" if percent else x}
    if percent:
        across["scale"] = {"domain": [0, 100]}
    down = {"field": _field(y), "type": "nominal", "sort": None, "title": None}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "color": COLORS[0], "height": 14},
            "encoding": {"x": across, "y": down},
        }
    ]
    if any(f"{x} low" in record for record in table.records()):
        ends = {"x": {**across, "field": _field(f"{x} low")}, "y": down}
        ends |= {"x2": {"field": _field(f"{x} high")}}
        rule = {"type": "rule", "color": "currentColor"}
        layers.append({"mark": rule, "encoding": ends})
    spec = {"width": 330, "height": {"step": 22}, "layer": layers}
    return Chart(title, table, spec)


def _field(heading: str) -> str:
    """Writes a heading as the name of a field, which has a syntax."""
    return re.sub(r"([.\[\]\\])", r"\\\1", heading)
