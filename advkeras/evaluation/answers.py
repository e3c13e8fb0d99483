"""What was said of each image: the label, and the classes that came closest."""

from typing import Any

import numpy as np

_BEST = 5  # classes whose scores are kept
_DIGITS = 4


def answers_of(outputs: Any, labels: np.ndarray) -> dict[str, list[Any]]:
    """Returns labels, and the best classes of each image with their scores.

    Args:
        outputs: What the model returned, as real numbers, (n, classes):
            probabilities, or logits, which a softmax makes into such.
        labels: What it said, int64, (n,).

    Returns:
        As JSON values: "labels", "top", the best classes of each image, and
        "scores", theirs, from 0 to 1; an image of an output that is no number
        has none.
    """
    scores = _probabilities(np.asarray(outputs, np.float64))
    top = np.argsort(-scores, axis=1, kind="stable")[:, :_BEST]
    best = np.take_along_axis(scores, top, axis=1)
    finite = np.isfinite(best).all(axis=1)
    return {
        "labels": np.asarray(labels).tolist(),
        "top": [
            row.tolist() if held else []
            for row, held in zip(top, finite, strict=True)
        ],
        "scores": [
            row.round(_DIGITS).tolist() if held else []
            for row, held in zip(best, finite, strict=True)
        ],
    }


def _probabilities(outputs: np.ndarray) -> np.ndarray:
    if outputs.shape[1] == 1:  # of class 1
        return np.hstack([1 - outputs, outputs])
    # A softmax of 8 bits sums to 1 up to its steps.
    sums = outputs.sum(axis=1, keepdims=True)
    if (outputs >= 0).all() and (abs(sums - 1) < 0.1).all():
        return outputs
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
