"""The nets of tables 1 to 4, and what the attack finds on each."""

from collections.abc import Mapping

import numpy as np

from advkeras import attacks
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.studies.context import Context

# The paper's name -> ours.
SIX = {
    "FC10(1e-4)": "fc10-1e-4",
    "FC10(1e-2)": "fc10-1e-2",
    "FC10(1)": "fc10-1",
    "FC100-100-10": "fc100-100-10",
    "FC200-200-10": "fc200-200-10",
    "AE400-10": "ae400-10",
}
# Trained on one half of the training set, and the last on the other.
HALVES = {
    "FC100-100-10": "m1",
    "FC123-456-10": "m1-prime",
    "FC100-100-10'": "m2",
}
TARGETS = (
    "Targets are random wrong classes, each image's the same for every net: "
    "the paper does not say which classes it aimed at. (Of the nearest class "
    "the smallest change is about half as large.)"
)
DECAY = (
    "Weight decay is lambda / 2 * sum(w^2), which reproduces the paper's "
    "softmax rows; the printed lambda / k * sum(w^2) does not."
)


def sample(
    context: Context, split: str, paper: int = 256, small: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images that a table is made of, with their labels.

    256 in the paper's scale: the printed shares of tables 2 and 4 are
    multiples of 1/256.
    """
    count = context.pick(paper, small)
    return context.digits(split).sample(count, context.seed)


def smallest_changes(
    context: Context,
    nets: Mapping[str, Classifier],
    images: np.ndarray,
    labels: np.ndarray,
) -> dict[str, AttackResult]:
    """Attacks each net by L-BFGS; what was found before is read.

    Args:
        context: Where and how.
        nets: Name for the files -> net.
        images: float32, (n, height, width, channels).
        labels: int64, (n,).
    """
    return {
        name: context.run.attack(
            f"lbfgs-{name}",
            attacks.LBFGS(),
            net,
            images,
            labels,
            seed=context.seed,
        )
        for name, net in nets.items()
    }
