"""Pictures of the studies, made from what they saved."""

import os
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from advkeras import channels
from advkeras import checks
from advkeras.analysis.certificates import Brackets
from advkeras.report.figures import save


def noise_curves(
    table: dict[str, Any], levels: Sequence[float], path: str | os.PathLike
) -> None:
    """Draws accuracy over the size of noise, a line a net.

    Args:
        table: `Table.to_json()` with the columns distortion, adversarial
            accuracy, clean accuracy, and accuracy at each level.
        levels: Standard deviations of the noise.
        path: Where to write the picture (.png).
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for i, row in enumerate(table["rows"]):
        values = [cell["measured"]["value"] for cell in row["cells"]]
        distortion, adversarial, *accuracies = values
        axes.plot(
            [0, *levels],
            100 * np.array(accuracies),
            marker="o",
            markersize=3,
            color=f"C{i}",
            label=row["name"],
        )
        axes.plot(
            distortion, 100 * adversarial, "x", color=f"C{i}", markersize=8
        )
    axes.set_xlabel("standard deviation of the noise, or distortion (crosses)")
    axes.set_ylabel("accuracy in %")
    axes.set_ylim(-3, 103)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, path)


def strips(
    rows: Mapping[str, np.ndarray],
    bounds: checks.Bounds,
    path: str | os.PathLike,
) -> None:
    """Draws rows of images, one above the other.

    Args:
        rows: Name -> images, (n, height, width, channels), n the same for all.
        bounds: (lower, upper) of the pixels; what is beyond is clipped.
        path: Where to write the picture (.png).
    """
    lower, upper = channels.lower_upper(bounds)
    count = len(next(iter(rows.values())))
    figure = Figure(
        figsize=(0.9 * count + 1, 0.95 * len(rows) + 0.2), layout="constrained"
    )
    grid = figure.subplots(len(rows), count, squeeze=False)
    for axes_row, (name, images) in zip(grid, rows.items(), strict=True):
        axes_row[0].set_ylabel(name, fontsize=9)
        for axes, image in zip(axes_row, images, strict=True):
            shown = ((image - lower) / (upper - lower)).clip(0, 1)
            axes.imshow(shown.squeeze(), cmap="gray", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
    save(figure, path)


def traces(
    nets: Mapping[str, np.ndarray],
    epsilons: np.ndarray,
    label: int,
    path: str | os.PathLike,
) -> None:
    """Draws the logits of an image over the size of a change, a panel a net.

    Args:
        nets: Name -> logits, (n, classes), one row for each size.
        epsilons: Sizes, (n,).
        label: The image's class: drawn thick, and shaded where it is largest.
        path: Where to write the picture (.png).
    """
    figure = Figure(figsize=(2.9 * len(nets) + 0.6, 3.1), layout="constrained")
    panels = figure.subplots(1, len(nets), squeeze=False)[0]
    for axes, (name, logits) in zip(panels, nets.items(), strict=True):
        for i, line in enumerate(logits.T):
            width = 2.5 if i == label else 1
            axes.plot(epsilons, line, color=f"C{i}", lw=width, label=str(i))
        axes.fill_between(
            epsilons,
            0,
            1,
            where=logits.argmax(axis=1) == label,
            transform=axes.get_xaxis_transform(),
            color="grey",
            alpha=0.3,
            lw=0,
        )
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("epsilon")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("logit")
    panels[0].legend(fontsize=7, ncols=2)
    save(figure, path)


def dots(
    groups: Mapping[str, Sequence[float]],
    published: Mapping[str, float],
    label: str,
    path: str | os.PathLike,
) -> None:
    """Draws every value of each group, its mean, and what was published.

    Args:
        groups: Name -> values.
        published: Name -> what a paper prints, where it does.
        label: What the values are.
        path: Where to write the picture (.png).
    """
    figure = Figure(
        figsize=(6.4, 0.9 + 0.5 * len(groups)), layout="constrained"
    )
    axes = figure.add_subplot()
    for i, (name, values) in enumerate(groups.items()):
        axes.plot(values, [i] * len(values), "o", color=f"C{i}", alpha=0.7)
        axes.plot(np.mean(values), i, "|", color=f"C{i}", markersize=18)
        if name in published:
            axes.plot(published[name], i, "*", color="black", markersize=9)
    axes.set_yticks(range(len(groups)), groups)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlabel(label)
    axes.grid(alpha=0.3, axis="x")
    save(figure, path)


def bracket_histograms(
    nets: Mapping[str, Brackets], path: str | os.PathLike
) -> None:
    """Draws how many images are proved, and how many were broken, how far.

    Args:
        nets: Name -> what is proved of its images, and found.
        path: Where to write the picture (.png).
    """
    figure = Figure(figsize=(2.6 * len(nets) + 0.6, 2.9), layout="constrained")
    panels = figure.subplots(1, len(nets), squeeze=False)[0]
    for axes, (name, radii) in zip(panels, nets.items(), strict=True):
        found = radii.found[radii.success]
        farthest = max([*radii.proved, *found], default=1.0)
        bins = np.linspace(0, farthest or 1.0, 31)
        for label, values, color in (
            ("proved safe", radii.proved, "C2"),
            ("found broken", found, "C3"),
        ):
            axes.hist(values, bins, color=color, alpha=0.6, label=label)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("L2 radius")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("images")
    panels[0].legend(fontsize=8)
    save(figure, path)
