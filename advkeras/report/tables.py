"""Tables for people, made from results as they stand in results.json."""

from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table


def transfer_table(matrix: dict[str, Any]) -> Table:
    """Returns the error of each target on each set of images, as a table.

    Args:
        matrix: `TransferMatrix.to_json()`.
    """
    table = plain(
        f"error of each model in %, n = {matrix['n']}, 95 % intervals"
    )
    table.add_column("images made for")
    table.add_column("distortion", justify="right")
    for target in matrix["targets"]:
        table.add_column(f"on {escape(target)}", justify="right")
    clean = [matrix["clean_error"][t] for t in matrix["targets"]]
    table.add_row("nobody (clean)", "0", *map(cell, clean), end_section=True)
    for row in matrix["rows"]:
        table.add_row(
            escape(row["name"]),
            f"{row['distortion']:.4f}",
            *(cell(row["error"][t]) for t in matrix["targets"]),
        )
    return table


def success_table(matrix: dict[str, Any]) -> Table:
    """Returns what the attack did on each source itself, as a table.

    Success of all images and of those classified correctly before, in percent
    with 95 % intervals; norms are means over the successes.

    Args:
        matrix: `TransferMatrix.to_json()`.
    """
    table = plain(
        f"{matrix['attack']}\non the model attacked, n = {matrix['n']}"
    )
    for heading in (
        "model",
        "success",
        "of correct",
        "robust",
        "distortion",
        "L2",
        "Linf",
    ):
        table.add_column(heading, justify="right")
    for name, rates in matrix["success"].items():
        table.add_row(
            escape(name),
            cell(rates["of_all"]),
            cell(rates["of_correct"]),
            cell(rates["robust_accuracy"]),
            *(
                "-" if rates[key] is None else f"{rates[key]:.4f}"
                for key in ("mean_distortion", "mean_l2", "mean_linf")
            ),
        )
    return table


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


def number(value: float) -> str:
    """Three significant digits, without an exponent where that can be."""
    text = f"{value:.3g}"
    return f"{value:,.0f}" if "e+0" in text and abs(value) < 1e7 else text
