"""The picture of a transfer matrix."""

from typing import Any

import numpy as np

from advkeras.pictures import Picture


def drawn(matrix: dict[str, Any]) -> Picture:
    """Draws the error of each target on each set of images, as a heat map.

    Args:
        matrix: `TransferMatrix.to_json()`.
    """
    targets = matrix["targets"]
    rows = matrix["rows"]
    names = ["clean", *(row["name"] for row in rows)]
    values = np.array(
        [
            [100 * errors[t]["value"] for t in targets]
            for errors in (
                matrix["clean_error"],
                *(row["error"] for row in rows),
            )
        ]
    )
    figure = Picture(
        figsize=(2.6 + 1.1 * len(targets), 1.3 + 0.42 * len(names)),
        layout="constrained",
    )
    axes = figure.add_subplot()
    axes.imshow(values, cmap="magma", vmin=0, vmax=100, aspect="auto")
    axes.set_xticks(range(len(targets)), targets)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("shown to")
    axes.set_ylabel("made for")
    axes.set_title(f"error in %, n = {matrix['n']}", fontsize=10)
    for (i, j), value in np.ndenumerate(values):
        color = "black" if value > 60 else "white"
        axes.text(j, i, f"{value:.1f}", ha="center", va="center", color=color)
    return figure
