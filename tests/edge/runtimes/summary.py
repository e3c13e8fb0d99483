"""What survives on every runtime, as tables for docs/devices.md.

python -m tests.edge.runtimes.summary FOLDER ...

Each folder is what `apps.edge_eval` wrote of one net and one attack.
"""

import sys
from pathlib import Path

from advkeras import files
from advkeras.edge import RUNTIMES
from advkeras.edge import Survival
from advkeras.report.alike import alike_tables
from advkeras.report.alike import widest
from advkeras.tables import Table

ENOUGH = 0.99
PIXELS = ("float", "uint8")
FEW = (1.0, 1.02, 1.05, 1.1, 1.2)  # overshoots that there is room for


def who(nets):
    """Lays out the runtimes: what each is, where it is from, what it takes."""
    rows = [row for found in nets.values() for row in targets(found)]
    versions = {row.runtime: row.version for row in rows}
    lines = []
    for name, version in versions.items():
        known = RUNTIMES[name]
        runs = dict.fromkeys(row.variant for row in rows if row.runtime == name)
        remedy = known.remedy or "comes with advkeras"
        lines.append((name, known.what, remedy, version, ", ".join(runs)))
    header = ("runtime", "what it is", "how to get it", "here", "takes")
    return Table(
        "Runtimes, and the variants they take", header, tuple(lines), 5
    )


def targets(found, variant=None):
    """Returns the rows of copies; of one variant, if it is named."""
    return [
        row
        for row in found.rows
        if row.variant != "source" and variant in (None, row.variant)
    ]


def variants(found):
    """Returns the variants that ran, in order."""
    return list(dict.fromkeys(row.variant for row in targets(found)))


def enough(found, rows, pixels):
    """Returns the overshoot from which on nearly all survive on all rows.

    The smallest that was tried; None, where the largest is too small.
    """
    (attack,) = found.attacks
    least = None
    for factor in reversed(found.overshoots):
        rates = [row.find(attack, pixels, factor).survival for row in rows]
        if min(rate.value for rate in rates) < ENOUGH:
            break
        least = factor
    return least


def needed(nets):
    """Lays out what overshoot it takes, a net and a kind of pixels a row."""
    listed = list(
        dict.fromkeys(v for one in nets.values() for v in variants(one))
    )
    rows = []
    for net, found in nets.items():
        for pixels in PIXELS:
            shown = [targets(found, variant) for variant in [*listed, None]]
            cells = [enough(found, some, pixels) for some in shown]
            beyond = f"> {found.overshoots[-1]:g}"
            rows.append(
                (net, pixels, *(f"{c:g}" if c else beyond for c in cells))
            )
    return Table(
        f"The overshoot from which on {ENOUGH:.0%} survive on every runtime",
        ("net", "pixels", *listed, "all"),
        tuple(rows),
    )


def survival(found, pixels):
    """Lays out what survives; runtimes that agree share a line."""
    (attack,) = found.attacks
    shared = {}
    for row in found.rows:
        rates = [row.find(attack, pixels, f).survival.value for f in FEW]
        cells = tuple(f"{100 * rate:.1f}" for rate in rates)
        shared.setdefault((row.variant, cells), []).append(row.runtime)
    return Table(
        f"Survival in % of the {found.attacks[attack]['fooled']} that fool the "
        f"float model, as {pixels} pixels, by overshoot",
        ("variant", "runtime", *(f"x {factor:g}" for factor in FEW)),
        tuple(
            (variant, ", ".join(names), *cells)
            for (variant, cells), names in shared.items()
        ),
    )


def flips(found):
    """Lays out how many labels differ from those of LiteRT."""
    (attack,) = found.attacks
    compared = widest(found, attack)
    runtimes = list(dict.fromkeys(r for one in compared for r in one.runtimes))
    rows = []
    for one in compared:
        base = one.labels[one.runtimes.index("litert")]
        other = dict(zip(one.runtimes, base, strict=True))
        cells = [
            str(one.n - other[name]) if name in other else "-"
            for name in runtimes[1:]
        ]
        rows.append((one.variant, *cells, str(len(one.parted))))
    return Table(
        f"Of {compared[0].n} images, labels other than LiteRT's, and images "
        "on which any two runtimes differ",
        ("variant", *runtimes[1:], "any two"),
        tuple(rows),
        names=1,
    )


def page(nets):
    """Returns all tables as Markdown."""
    parts = ["## The runtimes", who(nets).markdown()]
    parts += ["## How far beyond the boundary", needed(nets).markdown()]
    for net, found in nets.items():
        (attack,) = found.attacks
        parts.append(f"## {net}")
        parts += [survival(found, pixels).markdown() for pixels in PIXELS]
        parts.append(flips(found).markdown())
        parts += [grid.markdown() for grid in alike_tables(found, attack)]
        parts += [
            f"{one['variant']} does not run on {one['runtime']}: "
            f"{one['reason']}.\n"
            for one in found.skipped
        ]
    return "\n" + "\n\n".join(part.rstrip("\n") for part in parts)


def read(folders):
    """Returns net -> what survives, and the commands that measured it."""
    held = [files.read_json(Path(one) / "results.json") for one in folders]
    nets = {one["source"]: Survival.from_json(one["survival"]) for one in held}
    return nets, [one["command"] for one in held]


if __name__ == "__main__":
    found, commands = read(sys.argv[1:])
    print(page(found))
    print("\nMade by", ", ".join(f"`{command}`" for command in commands) + ".")
