"""What stands in a cell: the text that people read, the figure behind it."""

from collections.abc import Mapping
from typing import Any
from typing import Protocol

_SMALL = 10  # per cent from either end: where an interval wants a decimal


class Cell(str):
    """A text that knows the figure it was made from.

    Attributes:
        value: The figure, not rounded, in the unit of the text; None where
            there is none.
        interval: Both ends of its interval, likewise; None without one.
    """

    __slots__ = ("interval", "value")

    value: float | None
    interval: tuple[float, float] | None

    def __new__(
        cls,
        text: str,
        value: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> "Cell":
        """Makes a text of a figure."""
        made = super().__new__(cls, text)
        made.value = value
        made.interval = interval
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return str(self), self.value, self.interval


class _Rate(Protocol):
    def to_json(self) -> dict[str, Any]: ...


def cell(found: Mapping[str, Any], decimals: int = 0) -> Cell:
    """Returns a rate in percent with its interval; '-' of no images.

    Args:
        found: `Rate.to_json()`.
        decimals: Of the interval's ends; one at least, where the interval lies
            within 10 % of nothing or of all.
    """
    if found["value"] is None:
        return Cell("-")
    value = 100 * found["value"]
    low, high = (100 * end for end in found["interval"])
    if high < _SMALL or low > 100 - _SMALL:
        decimals = max(decimals, 1)
    ends = f"({low:.{decimals}f}-{high:.{decimals}f})"
    return Cell(f"{value:.1f} {ends}", value, (low, high))


def rate(found: _Rate | None) -> Cell:
    """Returns a rate as `cell` does; '-' where there is none."""
    return Cell("-") if found is None else cell(found.to_json())


def number(value: float, digits: int = 3) -> Cell:
    """Significant digits, without an exponent where that can be.

    Args:
        value: The figure.
        digits: How many of them.
    """
    text = f"{value:.{digits}g}"
    short = f"{value:,.0f}" if "e+0" in text and abs(value) < 1e7 else text
    return Cell(short, value)
