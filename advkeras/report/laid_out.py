"""Every table of any results.json, and its figures as a data frame."""

import statistics
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from advkeras.evaluation.laid_out import transfer_tables
from advkeras.report.benchmark import benchmark_tables
from advkeras.report.devices import devices_tables
from advkeras.report.edge import edge_tables
from advkeras.report.evaluation import evaluation_tables
from advkeras.report.export import export_table
from advkeras.report.export import npu_table
from advkeras.report.findings import findings_tables
from advkeras.report.lift import agreement_table
from advkeras.report.lift import agreements_table
from advkeras.tables import Table
from advkeras.tables import number

Results = Mapping[str, Any]

_TIMES = ("median", "p90")  # milliseconds: the machine varies, not the seed


def results_tables(results: Results) -> list[Table]:
    """Lays out all that results.json holds, whichever app wrote it.

    Args:
        results: As `Run.finish` returned them, or `ak.report.read`.
    """
    return [
        table
        for part, draw in _DRAWN.items()
        if part in results
        for table in draw(results)
    ]


def seeds_table(by_seed: Mapping[str, Results]) -> Table:
    """Lays out the mean of each figure over seeds, and the least and most.

    Args:
        by_seed: Seed -> results.json of its run; of the same app and flags.

    Returns:
        A line a figure that every seed has, but for times. The spread is over
        seeds: it stands beside the interval of each, which is over images.
    """
    found: dict[tuple[str, str, str], list[float]] = {}
    for results in by_seed.values():
        for table in results_tables(results):
            for row, heading, value, *_ in table.figures():
                if value is not None and heading not in _TIMES:
                    key = (table.name, row, heading)
                    found.setdefault(key, []).append(value)
    return Table(
        f"Over the seeds {', '.join(by_seed)}, which choose the images, the "
        "random starts and targets of attacks, and what calibrates copies: "
        "mean, least and most of each figure",
        ("table", "row", "figure", "mean", "least", "most"),
        tuple(
            (
                *key,
                *(number(f(values), 4) for f in (statistics.fmean, min, max)),
            )
            for key, values in found.items()
            if len(values) == len(by_seed)
        ),
        names=3,
        name="seeds",
    )


def frame(results: Results) -> Any:
    """Returns the figures of results.json as a pandas.DataFrame; needs pandas.

    One row a figure: of different apps and runs they go below each other, and
    `pivot` brings back the tables, which are also there one by one, as
    `table.frame()` of each of `results_tables`.

    Args:
        results: As for `results_tables`.

    Returns:
        With the columns "table" (its name), "row" (what names it, with commas
        between), "figure" (heading of its column), "value" (not rounded; NaN
        where the cell holds no number), "low" and "high" (ends of its 95 %
        interval) and "text" (as it is printed). Shares are in percent.

    Raises:
        ModuleNotFoundError: pandas is not installed.

    Example:
        >>> frame = ak.report.frame(ak.report.read("output/transfer"))
        >>> frame[frame.table == "transfer-fgsm"]
    """
    import pandas

    columns = ["table", "row", "figure", "value", "low", "high", "text"]
    rows = [
        (table.name, *figure)
        for table in results_tables(results)
        for figure in table.figures()
    ]
    made = pandas.DataFrame(rows, columns=columns)
    numbers = dict.fromkeys(("value", "low", "high"), float)
    return made.astype(numbers)


def _transfer(results: Results) -> Iterable[Table]:
    for name, matrix in results["matrices"].items():
        yield from transfer_tables(matrix, name)


def _exported(results: Results) -> Iterable[Table]:
    cards = results["variants"]
    if cards:
        yield export_table("Variants", cards)
    if any("npu" in card for card in cards.values()):
        yield npu_table(cards)


def _lifted(results: Results) -> Iterable[Table]:
    agreements = results["agreements"]
    yield agreements_table(agreements)
    for name, agreement in agreements.items():
        yield agreement_table(name, agreement)


def _suites_or_findings(results: Results) -> Iterable[Table]:
    if "machine" not in results:
        return findings_tables(dict(results))
    drawn = map(benchmark_tables, results["tables"])
    return [table for tables in drawn for table in tables]


# A key that tells what else is there -> what draws it.
_DRAWN: dict[str, Callable[[Results], Iterable[Table]]] = {
    "matrices": _transfer,
    "robustness": evaluation_tables,
    "evaluation": lambda results: evaluation_tables(results["evaluation"]),
    "survival": edge_tables,
    "white_box": lambda results: (
        () if "survival" in results else edge_tables(results)
    ),
    "seeds": lambda results: [seeds_table(results["seeds"])],
    "executors": lambda results: devices_tables(dict(results)),
    "variants": _exported,
    "agreements": _lifted,
    "tables": _suites_or_findings,
}
