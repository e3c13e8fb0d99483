"""Which wrong class an example is to be taken for."""

import numpy as np

from advkeras.attacks import seeds

RULES = ("random", "next")
# Not rules by which one is chosen: each is aimed at in turn, or whichever is
# nearest is looked for. Of an image one of them is enough.
ALL, NEAREST = "all", "nearest"
UNTARGETED = (ALL, NEAREST)


def choose(
    rule: str,
    images: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int,
    seed: int,
) -> np.ndarray:
    """Returns a target class for each image, int64, shape (n,).

    A target is never the label, nor what the model says already, so that
    reaching it takes a change and is an error. (With two classes no such
    class exists, and the target is the one that is not the label.)

    A random target depends on the image and the seed alone, not on the
    image's place among others: any subset gives the same targets.

    Args:
        rule: "random" (uniform, seeded) or "next" (the label's successor).
        images: (n, ...).
        labels: True labels, (n,).
        predictions: What the model says of the clean images, (n,).
        num_classes: Classes to choose from.
        seed: Seed of the random rule.
    """
    targets = np.empty(len(images), np.int64)
    for i, (image, label, predicted) in enumerate(
        zip(images, labels, predictions, strict=True)
    ):
        successors = [(label + k) % num_classes for k in range(1, num_classes)]
        allowed = [c for c in successors if c != predicted] or successors
        if rule == "random":
            targets[i] = seeds.generator(image, seed).choice(allowed)
        else:
            targets[i] = allowed[0]
    return targets
