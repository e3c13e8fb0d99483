"""Pictures of what an attack did to images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras.pictures import Picture

if TYPE_CHECKING:
    from advkeras.attacks.result import AttackResult


def drawn(
    result: "AttackResult",
    class_names: Sequence[str] | None = None,
    title: str = "",
    count: int = 8,
    magnify: float | None = None,
) -> Picture:
    """Draws clean and adversarial images and what was changed.

    The difference is magnified, with grey for no change, and the factor
    written beside it. Labels are those that the model predicts, red where
    they are wrong.

    Args:
        result: What the attack found.
        class_names: What each label stands for; None for the numbers.
        title: What the images are.
        count: How many images, from the first.
        magnify: Factor of the difference; None for one with which all but
            the largest values fit the range.
    """
    count = min(count, len(result))
    lower, upper = channels.lower_upper(result.bounds)
    differences = result.perturbation[:count]
    half = (upper - lower) / 2
    widest = float(np.max(half))
    # Each channel by its own range; 1 where all have the same.
    relative = np.abs(differences) / (half / widest)
    most = np.quantile(relative, 0.995)
    factor = magnify or (max(1.0, widest / most) if most > 0 else 1.0)
    magnified = lower + half + factor * differences
    figure = Picture(figsize=(1.25 * count + 0.6, 4.7), layout="constrained")
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(3, count, squeeze=False)
    strips = (
        ("clean", result.originals, result.clean_predictions),
        ("adversarial", result.images, result.predictions),
        (f"difference x {factor:.3g}", magnified, None),
    )
    for axes_row, (name, images, predictions) in zip(grid, strips, strict=True):
        axes_row[0].set_ylabel(name)
        for i, axes in enumerate(axes_row):
            shown = ((images[i] - lower) / (upper - lower)).clip(0, 1)
            axes.imshow(shown.squeeze(), cmap="gray", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
            if predictions is not None:
                said = predictions[i]
                answered = said != checks.NO_ANSWER
                right = said == result.labels[i]
                axes.set_title(
                    _name(said, class_names) if answered else "no answer",
                    fontsize=9,
                    color="black" if right else "crimson",
                )
    return figure


def _name(label: int, class_names: Sequence[str] | None) -> str:
    return str(label) if class_names is None else class_names[label]
