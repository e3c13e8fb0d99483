"""Pictures, made from saved results."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from advkeras import files
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.evaluation.drawn import drawn as drawn_matrix


def heat_map(matrix: dict[str, Any], path: str | os.PathLike) -> None:
    """Writes the picture of a transfer matrix, as `TransferMatrix.plot`.

    Args:
        matrix: `TransferMatrix.to_json()`.
        path: Where to write the picture (.png).
    """
    save(drawn_matrix(matrix), path)


def gallery(
    result: AttackResult,
    path: str | os.PathLike,
    class_names: Sequence[str],
    title: str = "",
    count: int = 8,
    magnify: float | None = None,
) -> None:
    """Writes a picture of an attack's images, as `AttackResult.plot`.

    Args:
        result: What the attack found.
        path: Where to write the picture (.png).
        class_names: As for `AttackResult.plot`.
        title: As there.
        count: As there.
        magnify: As there.
    """
    check_result("result", result)
    save(result.plot(class_names, title, count, magnify), path)


def overshoot_curves(
    survival: dict[str, Any], path: str | os.PathLike, title: str = ""
) -> None:
    """Draws survival over overshoot: a panel an attack and kind of pixels.

    A line is the float model, or a variant on the first runtime that ran it;
    bars are 95 % intervals.

    Args:
        survival: `Survival.to_json()`.
        path: Where to write the picture (.png).
        title: What was attacked.
    """
    rows = {row["variant"]: row for row in reversed(survival["rows"])}
    rows = dict(reversed(rows.items()))
    kinds = ["float", "uint8"] + ["camera"] * bool(survival["camera"])
    attacks = list(survival["attacks"])
    figure = Figure(
        figsize=(1.2 + 3.6 * len(kinds), 0.9 + 2.5 * len(attacks)),
        layout="constrained",
    )
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(
        len(attacks), len(kinds), sharex=True, sharey=True, squeeze=False
    )
    for (i, j), axes in np.ndenumerate(grid):
        fooled = survival["attacks"][attacks[i]]["fooled"]
        axes.set_title(f"{attacks[i]}, {kinds[j]}, n = {fooled}", fontsize=9)
        axes.grid(alpha=0.3)
        # The first colour is that of the first variant.
        for k, (variant, row) in enumerate(rows.items(), -("source" in rows)):
            found = {
                one["overshoot"]: one["survival"]
                for one in row["outcomes"]
                if (one["attack"], one["pixels"]) == (attacks[i], kinds[j])
                and one["survival"]["value"] is not None
            }
            values = [100 * rate["value"] for rate in found.values()]
            ends = [100 * np.array(r["interval"]) for r in found.values()]
            bars = [
                [v - e[0], e[1] - v] for v, e in zip(values, ends, strict=True)
            ]
            axes.errorbar(
                # Side by side, where they would hide each other.
                [factor + 0.001 * k for factor in found],
                values,
                np.maximum(np.reshape(bars, (-1, 2)).T, 0),
                color="black" if variant == "source" else f"C{k}",
                linestyle="--" if variant == "source" else "-",
                marker="o",
                markersize=3,
                linewidth=1.2,
                elinewidth=0.7,
                label="float model" if variant == "source" else variant,
            )
    for axes in grid[-1]:
        axes.set_xlabel("overshoot")
    for axes in grid[:, 0]:
        axes.set_ylabel("survival in %")
    grid[0, 0].set_ylim(-3, 103)
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(),
        loc="outside right upper",
        fontsize=8,
    )
    save(figure, path)


def robust_curve(
    robustness: dict[str, Any], path: str | os.PathLike, title: str = ""
) -> None:
    """Draws what is left of the accuracy over epsilon, by attack and by all.

    Bars are 95 % intervals.

    Args:
        robustness: `Robustness.to_json()`.
        path: Where to write the picture (.png).
        title: What was attacked.
    """
    lines = {**robustness["attacks"], "all together": robustness["together"]}
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, rates in lines.items():
        points = [
            (share, rate)
            for share, rate in zip(
                (0, *robustness["shares"]),
                (robustness["clean"], *rates),
                strict=True,
            )
            if rate is not None
        ]
        values = np.array([100 * rate["value"] for _, rate in points])
        ends = 100 * np.array([rate["interval"] for _, rate in points]).T
        together = name == "all together"
        axes.errorbar(
            [share for share, _ in points],
            values,
            np.abs(ends - values),
            color="black" if together else None,
            linestyle="-" if together else "--",
            marker="o",
            markersize=4,
            linewidth=1.2,
            elinewidth=0.8,
            label=name,
        )
    axes.set_xlabel("largest change of a pixel, as a share of its range")
    axes.set_ylabel("images still read rightly, in %")
    axes.set_ylim(-3, 103)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=11)
    save(figure, path)


def save(figure: Figure, path: str | os.PathLike) -> None:
    """Writes a figure that was made without pyplot, whole or not at all."""
    # pyplot keeps every figure and wants a display.
    FigureCanvasAgg(figure)
    with files.replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
