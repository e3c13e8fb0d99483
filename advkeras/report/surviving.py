"""What survives at the edge, as tables and sentences made from its figures."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from advkeras import tables
from advkeras.edge import Row
from advkeras.edge import Survival
from advkeras.evaluation import Rate
from advkeras.report.alike import alike_chart
from advkeras.report.alike import alike_in_words
from advkeras.report.alike import alike_tables
from advkeras.report.page import Chart
from advkeras.report.page import charts
from advkeras.report.parting import parting_tables
from advkeras.tables import Table


def survival_tables(survival: Survival) -> list[Table]:
    """Lays out the targets, what survives on each, and its overshoots.

    Args:
        survival: What was measured.

    Returns:
        One table of the targets, and two for each attack; a third where
        several runtimes are compared, and a fourth where they part.
    """
    n = max(attack["n"] for attack in survival.attacks.values())
    columns = {
        "KiB": lambda row: (
            tables.Cell(f"{row.bytes / 1024:.0f}", row.bytes / 1024)
            if row.bytes
            else "-"
        ),
        "median": lambda row: _latency(row, "median"),
        "p90": lambda row: _latency(row, "p90"),
        "accuracy": _rate("accuracy"),
        "agreement": _rate("agreement"),
    }
    if survival.camera:
        columns["accuracy (camera)"] = _rate("accuracy", pixels="camera")
    drawn = [
        _table(
            "targets",
            "Targets: milliseconds an image, one at a time and warm"
            f"{_on(survival)}; accuracy on {n} clean images and agreement with "
            "the float model, in % (95 % interval)",
            survival.rows,
            columns,
        )
    ]
    base = _base(survival)
    scaled = "" if base == 1 else f" scaled by {base:g}"
    for attack, counts in survival.attacks.items():
        columns = {"accuracy": _rate("accuracy", attack, "float", base)}
        for kind in survival.pixels:
            columns[f"survival ({kind})"] = _rate(
                "survival", attack, kind, base
            )
        columns["alone"] = _rate("only_target_wrong", attack, "uint8", base)
        overshoots = {
            f"x {_factor(factor)}": _rate("survival", attack, "uint8", factor)
            for factor in survival.overshoots
        }
        drawn += [
            _table(
                f"survival-{attack}",
                f"{attack}{scaled}, in % (95 % interval): accuracy on its "
                f"{counts['n']} images, survival of the {counts['fooled']} "
                "that fool the float model, and those that, rounded to uint8, "
                "fool the target alone",
                survival.rows,
                columns,
            ),
            _table(
                f"overshoot-{attack}",
                f"{attack}: survival after rounding to uint8, by overshoot",
                survival.rows,
                overshoots,
            ),
            *alike_tables(survival, attack),
            *parting_tables(survival, attack),
        ]
    return drawn


def survival_charts(survival: Survival) -> list[Chart]:
    """Draws survival over overshoot, a chart an attack and kind of pixels.

    Args:
        survival: What was measured.

    Returns:
        A line is the float model, or a variant on the first runtime that ran
        it; with several runtimes, how far these agree.
    """
    first = {row.variant: row for row in reversed(survival.rows)}
    drawn = []
    for attack, counts in survival.attacks.items():
        for pixels in survival.pixels:
            points = [
                (_called(row), tables.number(factor, 4), tables.rate(found))
                for row in reversed(first.values())
                for factor in survival.overshoots
                if (found := _found(row, "survival", attack, pixels, factor))
                and found.value is not None
            ]
            if points and len(survival.overshoots) > 1:
                drawn.append(
                    charts.curves(
                        f"{attack}, pixels {pixels}: survival of the "
                        f"{counts['fooled']} images that fool the float "
                        "model, over overshoot; bars are 95 % intervals",
                        Table(
                            "Survival in % (95 % interval)",
                            ("copy", "overshoot", "survival"),
                            tuple(points),
                            names=1,
                        ),
                        x="overshoot",
                        y="survival",
                        color="copy",
                    )
                )
        if chart := alike_chart(survival, attack):
            drawn.append(chart)
    return drawn


def _called(row: Row) -> str:
    if row.variant == "source":
        return "float model"
    return f"{row.variant} on {row.runtime}"


def survival_in_words(name: str, survival: Survival) -> list[str]:
    """Says what the figures show, one sentence a finding.

    Args:
        name: What the float model is called.
        survival: What was measured, the float model among it.
    """
    source = [row for row in survival.rows if row.variant == "source"]
    targets = [row for row in survival.rows if row not in source]
    sentences = [
        f"{name} reads {_span(source, 'accuracy')} of the clean images "
        f"rightly; its copies read {_span(targets, 'accuracy')}."
    ]
    base, last = _base(survival), survival.overshoots[-1]
    rounded = "rounded" if base == 1 else f"scaled by {base:g} and rounded"
    for attack, counts in survival.attacks.items():
        first = {row.variant: row for row in reversed(targets)}
        kept = ", ".join(
            f"{variant} {_span([row], 'survival', attack, 'uint8', base)}"
            for variant, row in reversed(first.items())
        )
        sentences.append(
            f"{attack} fools it on {counts['fooled']} of {counts['n']} images. "
            f"Of these, {rounded} to uint8, "
            f"{_span(source, 'survival', attack, 'uint8', base)} still fool "
            f"the float model, and its copies: {kept}."
        )
        if last != base and counts["fooled"]:
            sentences.append(
                f"Scaled by {last:g} and rounded, they fool the copies in "
                f"{_span(targets, 'survival', attack, 'uint8', last)} of cases."
            )
        sentences += alike_in_words(survival, attack)
    return sentences


def survival_markdown(results: dict[str, Any]) -> str:
    """Writes a section: sentences, the picture, all tables.

    Args:
        results: What `survival_report` returned, as `Run.finish` wrote it.
    """
    survival = Survival.from_json(results["survival"])
    versions = {f"{row.runtime}: {row.version}" for row in survival.rows}
    skipped = [
        f"{row['variant']} does not run on {row['runtime']}: {row['reason']}."
        for row in survival.skipped
    ]
    blocks = [
        f"## {results['source']}",
        _bullets(survival_in_words(results["source"], survival)),
        f"![Survival over overshoot]({results['figure']})",
        *(table.markdown().rstrip() for table in survival_tables(survival)),
        _bullets([*skipped, *sorted(versions)]),
        f"Made by `{results['command']}`.",
    ]
    return "\n\n".join(blocks) + "\n"


def _on(survival: Survival) -> str:
    """Says on how many threads, which is the same for all that ran."""
    threads = max((row.threads for row in survival.rows), default=0)
    if not threads:
        return ""
    return f", on {threads} thread{'s' * (threads > 1)}"


def _base(survival: Survival) -> float:
    """Returns the overshoot that is shown where there is room for one."""
    factors = survival.overshoots
    return 1.0 if 1.0 in factors else factors[0]


def _factor(factor: float) -> str:
    two = f"{factor:.2f}"
    return two if float(two) == factor else f"{factor:g}"


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(
    name: str,
    title: str,
    rows: Sequence[Row],
    columns: dict[str, Callable[[Row], str]],
) -> Table:
    # Runtimes that agree on a variant to the last digit share a line.
    runtimes: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        cells = (row.variant, *(show(row) for show in columns.values()))
        runtimes.setdefault(cells, []).append(row.runtime)
    return Table(
        title,
        ("variant", "runtime", *columns),
        tuple(
            (variant, ", ".join(names), *cells)
            for (variant, *cells), names in runtimes.items()
        ),
        name=name,
    )


def _rate(
    key: str,
    attack: str | None = None,
    pixels: str = "float",
    overshoot: float | None = None,
) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        return tables.rate(_found(row, key, attack, pixels, overshoot))

    return show


def _found(
    row: Row,
    key: str,
    attack: str | None = None,
    pixels: str = "float",
    overshoot: float | None = None,
) -> Rate | None:
    outcome = row.find(attack, pixels, overshoot)
    return None if outcome is None else getattr(outcome, key)


def _latency(row: Row, key: str) -> str:
    if row.latency is None:
        return "-"
    return tables.Cell(f"{row.latency[key]:.3f}", row.latency[key])


def _span(rows: Sequence[Row], *where: Any) -> str:
    found = [_found(row, *where) for row in rows]
    values = [r.value for r in found if r is not None and r.value is not None]
    if not values:
        return "-"
    low, high = f"{100 * min(values):.1f}", f"{100 * max(values):.1f}"
    return f"{low} %" if low == high else f"{low} to {high} %"
