"""Which runtimes answer alike, as a table and in words."""

from collections.abc import Sequence

from advkeras.edge import Alike
from advkeras.edge import Survival
from advkeras.report.page import Chart
from advkeras.report.page import charts
from advkeras.tables import Cell
from advkeras.tables import Table

_PIXELS = {
    "float": "",
    "uint8": ", rounded to uint8",
    "camera": ", by a camera",
}


def alike_tables(survival: Survival, attack: str) -> list[Table]:
    """Lays out what each two runtimes have in common; no table if it is none.

    Args:
        survival: What was measured.
        attack: Name of the attack that made the images.
    """
    compared = widest(survival, attack)
    if not compared:
        return []
    images = f"{compared[0].n} images{_PIXELS[compared[0].pixels]}"
    # What ran most of them gives the order, whatever else did not.
    most = sorted(compared, key=lambda one: -len(one.runtimes))
    runtimes = list(dict.fromkeys(r for one in most for r in one.runtimes))
    rows = [
        (one.variant, runtimes[i], *_cells(one, runtimes, i))
        for one in compared
        for i in range(len(runtimes))
        if runtimes[i] in one.runtimes
    ]
    return [
        Table(
            f"{attack}: its {images} on each two runtimes, in %: above the "
            "diagonal the same label, below it the same outputs bit by bit",
            ("variant", "runtime", *runtimes),
            tuple(rows),
            name=f"alike-{attack}",
        )
    ]


def alike_chart(survival: Survival, attack: str) -> Chart | None:
    """Draws how often each two runtimes give the same label; None of one.

    Args:
        survival: What was measured.
        attack: Name of the attack that made the images.
    """
    compared = widest(survival, attack)
    if not compared:
        return None
    rows = [
        (
            f"{one.variant}, {first}",
            second,
            Cell(f"{one.labels[i][j]} of {one.n}", share),
            str(one.outputs[i][j]),
            f"{share:.1f}",
        )
        for one in compared
        for i, first in enumerate(one.runtimes)
        for j, second in enumerate(one.runtimes)
        for share in [100 * one.labels[i][j] / one.n]
        if i != j
    ]
    return charts.heat_map(
        f"{attack}: on how many of its {compared[0].n} images"
        f"{_PIXELS[compared[0].pixels]} two runtimes give the same label, in %",
        Table(
            "Images with the same label, in %, and with the same bits",
            ("variant, runtime", "and", "same label", "same bits", "written"),
            tuple(rows),
        ),
        x="and",
        y="variant, runtime",
        value="same label",
        text="written",
    )


def alike_in_words(survival: Survival, attack: str) -> list[str]:
    """Says where the runtimes part: one sentence, or none."""
    compared = widest(survival, attack)
    if not compared:
        return []
    n = compared[0].n
    images = f"{n} images of {attack}{_PIXELS[compared[0].pixels]}"
    parts = ", ".join(f"{one.variant} {len(one.parted)}" for one in compared)
    sentence = (
        f"Of the {images}, so many get different labels from different "
        f"runtimes: {parts}."
    )
    most = max(compared, key=lambda one: n - min(map(min, one.labels)))
    least = min(map(min, most.labels))
    if least < n:
        i, j = next(
            (i, row.index(least))
            for i, row in enumerate(most.labels)
            if least in row
        )
        pair = f"{most.runtimes[i]} and {most.runtimes[j]}"
        sentence += (
            f" Furthest apart are {pair} on {most.variant}, by {n - least}."
        )
    return [sentence]


def widest(survival: Survival, attack: str) -> list[Alike]:
    """Returns what was compared on the pixels that most targets were shown.

    A device is shown no float pixels.
    """
    found: dict[str, list[Alike]] = {}
    for one in survival.alike:
        if one.attack == attack:
            found.setdefault(one.pixels, []).append(one)

    def targets(compared: Sequence[Alike]) -> int:
        return sum(len(one.runtimes) for one in compared)

    return max(found.values(), key=targets, default=[])


def _cells(one: Alike, runtimes: Sequence[str], i: int) -> list[str]:
    """Returns the row of the i-th runtime, a cell for each."""
    cells = []
    for j, runtime in enumerate(runtimes):
        if i == j or runtime not in one.runtimes:
            cells.append("-")
            continue
        counts = one.labels if i < j else one.outputs
        pair = one.runtimes.index(runtimes[i]), one.runtimes.index(runtime)
        cells.append(f"{100 * counts[pair[0]][pair[1]] / one.n:.1f}")
    return cells
