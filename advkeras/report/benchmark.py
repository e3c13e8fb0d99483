"""What a benchmark measured, as tables and Markdown."""

from collections.abc import Callable
from typing import Any

from advkeras.report.page import Section
from advkeras.tables import Cell
from advkeras.tables import Table


def benchmark_tables(table: dict[str, Any]) -> list[Table]:
    """Lays out one suite on one model.

    Args:
        table: With "suite", "model" and "rows", each row as
            `advkeras.benchmark.Row.to_json` has it.

    Returns:
        A table of time, success and distortion, one of distances, one of
        what stands within a budget, one of gradients, one of memory; each
        with the rows and columns that have figures.
    """
    drawn: list[Table] = []
    for about, needed, columns in _TABLES:
        rows = [row for row in table["rows"] if row[needed] is not None]
        shown = [
            (field, heading, write)
            for field, heading, write in columns
            if any(row[field] is not None for row in rows)
        ]
        if not rows:
            continue
        drawn.append(
            Table(
                f"{table['suite']} on {table['model']}: {about}",
                tuple(heading for _, heading, _ in shown),
                tuple(
                    tuple(
                        "-" if row[field] is None else write(row[field])
                        for field, _, write in shown
                    )
                    for row in rows
                ),
                names=sum(field in _NAMES for field, _, _ in shown),
                name=f"{table['suite']}-{table['model']}-{len(drawn)}",
            )
        )
    return drawn


def benchmark_section(table: dict[str, Any]) -> Section:
    """Lays out one suite on one model, for a page.

    Args:
        table: As for `benchmark_tables`.
    """
    return Section(
        f"{table['suite']} on {table['model']}",
        " ".join(benchmark_lines(table)),
        benchmark_tables(table),
    )


def benchmark_in_words(results: dict[str, Any]) -> list[str]:
    """Says what was measured, and on which machine.

    Args:
        results: As in results.json.
    """
    tables = results["tables"]
    measured = "; ".join(f"{one['suite']} on {one['model']}" for one in tables)
    where = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    return [
        f"Measured, each beside what it is compared with in the same run: "
        f"{measured}.",
        f"On this machine: {where}.",
    ]


def benchmark_lines(table: dict[str, Any]) -> list[str]:
    """Says what was skipped and why, and whatever else a row has to say.

    Args:
        table: As for `benchmark_tables`.
    """
    return [
        f"{row['name']}: {row['note']}" for row in table["rows"] if row["note"]
    ]


def benchmark_markdown(results: dict[str, Any]) -> str:
    """Writes all tables of a benchmark as Markdown.

    Args:
        results: What apps.benchmark writes to results.json: with "tables",
            "machine", "versions" and "command".
    """
    machine = results["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    blocks = []
    for table in results["tables"]:
        blocks += [one.markdown() for one in benchmark_tables(table)]
        lines = benchmark_lines(table)
        blocks += ["\n".join(f"- {line}" for line in lines)] if lines else []
    blocks.append(
        f"Made by `{results['command']}` on {machine['processor']}, "
        f"{machine['cpus']} processors, {machine['accelerators']} "
        f"accelerators; Python {machine['python']}, {versions}."
    )
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _duration(seconds: float) -> Cell:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        value = seconds * factor
        if value >= 0.9995:
            return Cell(f"{_digits(value)} {unit}", seconds)
    return Cell(f"{1e9 * seconds:.0f} ns", seconds)


def _digits(value: float) -> Cell:
    """Three digits that count, and no exponent."""
    if value >= 99.95:
        return Cell(f"{value:.0f}", value)
    if value >= 9.995:
        return Cell(f"{value:.1f}", value)
    return Cell(f"{value:.2f}" if value >= 0.01 else "<0.01", value)


def _percent(share: float) -> Cell:
    return Cell(f"{100 * share:.1f}", 100 * share)


def _fixed(digits: int) -> Callable[[float], Cell]:
    return lambda value: Cell(f"{value:.{digits}f}", value)


def _megabytes(size: float) -> Cell:
    return Cell(f"{size / 2**20:.0f}", size / 2**20)


Column = tuple[str, str, Callable[[Any], str]]

_NAMES = ("name", "version", "norm")
# Title, the field that a row must have to be in it, and (field, heading, how
# it is written) of each column.
_TABLES: tuple[tuple[str, str, tuple[Column, ...]], ...] = (
    (
        "time of an image, success in %, mean distortion",
        "seconds",
        (
            ("name", "", str),
            ("version", "version", str),
            ("images", "images", str),
            ("seconds", "time", _duration),
            ("to_floor", "x floor", _digits),
            ("to_ours", "x ours", _digits),
            ("to_smallest", "x first", _digits),
            ("success", "success", _percent),
            ("distortion", "distortion", _fixed(5)),
        ),
    ),
    (
        "mean distance in each norm, pixel range 1, and over the nearest found",
        "distance",
        (
            ("name", "", str),
            ("norm", "norm", str),
            ("images", "images", str),
            ("success", "success", _percent),
            ("distance", "distance", _fixed(4)),
            ("to_nearest", "x nearest", _fixed(3)),
            ("evaluations", "gradients", _digits),
            ("queries", "queries", _digits),
        ),
    ),
    (
        "share in % that nothing within the budget fools, and what was asked",
        "robust",
        (
            ("name", "", str),
            ("images", "images", str),
            ("robust", "robust", _percent),
            ("evaluations", "gradients", _digits),
            ("queries", "queries", _digits),
            ("to_floor", "x floor", _digits),
        ),
    ),
    (
        "gradients of an image, and its time over theirs alone",
        "to_gradients",
        (
            ("name", "", str),
            ("images", "images", str),
            ("evaluations", "gradients", _digits),
            ("to_gradients", "x theirs", _digits),
        ),
    ),
    (
        "mean distortion over that of SciPy one at a time and in lockstep",
        "to_scipy",
        (
            ("name", "", str),
            ("images", "images", str),
            ("to_scipy", "x one", _fixed(4)),
            ("to_lockstep", "x lockstep", _fixed(4)),
            ("worst", "worst image", _fixed(3)),
        ),
    ),
    (
        "MB at the peak, of them the attack's, and of images and result",
        "peak_memory",
        (
            ("name", "", str),
            ("images", "images", str),
            ("peak_memory", "peak", _megabytes),
            ("own_memory", "attack's", _megabytes),
            ("array_memory", "images'", _megabytes),
            ("evaluations", "gradients", _digits),
        ),
    ),
)
