"""How figures are written in tables, and what tables look like."""

from typing import Any

from rich import box
from rich.table import Table

from advkeras.evaluation import Rate


def plain(title: str) -> Table:
    """Returns an empty table in the style of all tables."""
    # Narrow enough for three models on 80 columns.
    return Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


def cell(rate: dict[str, Any], decimals: int = 0) -> str:
    """Returns a rate in percent with its interval; '-' of no images.

    Args:
        rate: `Rate.to_json()`.
        decimals: Of the interval's ends.
    """
    if rate["value"] is None:
        return "-"
    low, high = (100 * end for end in rate["interval"])
    return f"{100 * rate['value']:.1f} ({low:.{decimals}f}-{high:.{decimals}f})"


def rate(found: Rate | None) -> str:
    """Returns a rate as `cell` does; '-' where there is none."""
    return "-" if found is None else cell(found.to_json())


def number(value: float) -> str:
    """Three significant digits, without an exponent where that can be."""
    text = f"{value:.3g}"
    return f"{value:,.0f}" if "e+0" in text and abs(value) < 1e7 else text
