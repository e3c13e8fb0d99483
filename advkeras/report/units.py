"""The picture of units and random directions: the images that excite them."""

import os
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from advkeras import channels
from advkeras import checks
from advkeras import datasets
from advkeras.report.figures import save

_INCHES = 0.55  # an image's side


def unit_sheet(
    comparison: dict[str, Any],
    images: Any,
    path: str | os.PathLike,
    title: str = "",
    bounds: checks.Bounds = (0.0, 1.0),
) -> None:
    """Draws the top images of units, and of random directions beside them.

    A row is a unit, or a direction, with the purity of its images; the mean
    over all that were compared, not only the rows shown, stands above.

    Args:
        comparison: `Comparison.to_json()`; its rows are drawn.
        images: All images that were compared, (n, height, width, channels),
            1 or 3 channels; as for `ak.analysis.units.compare`.
        path: Where to write the picture (.png).
        title: What the images and the layer are.
        bounds: (lower, upper) of the pixels.

    Raises:
        ValueError: The images are not those of the comparison, or cannot be
            shown.

    Source: after Szegedy et al. 2013, figures 1 to 4.
    """
    images = datasets.images_of(images, None, None)
    if (
        images.ndim != 4
        or len(images) != comparison["n"]
        or images.shape[-1] not in (1, 3)
    ):
        raise ValueError(
            f"`images` must be the {comparison['n']} images compared, of 1 or "
            f"3 channels. Received: images.shape={images.shape}"
        )
    bounds = checks.check_bounds(bounds, images.shape[1:])
    lower, upper = channels.lower_upper(bounds)
    purity = comparison["effects"]["purity"]
    halves = (
        ("units", comparison["units"], purity["means"][0]),
        ("random directions", comparison["directions"], purity["means"][1]),
    )
    height, width = images.shape[1:3]
    columns, rows = comparison["k"], len(comparison["units"])
    tall = _INCHES * height / width
    figure = Figure(
        figsize=(2 * (columns * _INCHES + 0.9), rows * tall + 0.7),
        layout="constrained",
    )
    figure.suptitle(title, fontsize=10)
    for axes, (name, shown, mean) in zip(
        figure.subplots(1, 2), halves, strict=True
    ):
        strips = np.stack([images[row["images"]] for row in shown])
        scaled = ((strips - lower) / (upper - lower)).clip(0, 1)
        axes.imshow(_mosaic(scaled), interpolation="nearest")
        axes.set_title(f"{name}: mean purity {mean:.2f}", fontsize=9)
        axes.set_xticks([])
        axes.set_yticks(
            (np.arange(rows) + 0.5) * (height + _gap(height)),
            [_label(row) for row in shown],
            fontsize=7,
        )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    save(figure, path)


def _label(row: dict[str, Any]) -> str:
    name = f"unit {row['unit']}\n" if "unit" in row else ""
    return f"{name}purity {row['purity']:.2f}"


def _gap(side: int) -> int:
    return max(1, side // 14)


def _mosaic(strips: np.ndarray) -> np.ndarray:
    """Lays (rows, columns, h, w, channels) out as a picture, white between."""
    rows, columns, height, width, channels = strips.shape
    down, across = _gap(height), _gap(width)
    strips = np.pad(
        strips,
        ((0, 0), (0, 0), (0, down), (0, across), (0, 0)),
        constant_values=1,
    )
    picture = strips.transpose(0, 2, 1, 3, 4).reshape(
        rows * (height + down), columns * (width + across), channels
    )
    return np.broadcast_to(picture, (*picture.shape[:2], 3))
