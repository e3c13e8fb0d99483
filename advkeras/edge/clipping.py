"""Clipping: whether other images go beyond what calibration images span.

Of the calibration images themselves no activation is clipped: their smallest
and largest values are the ends of a range. So they are asked of each other.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from advkeras.edge import runtimes

# How many images are asked, until so many span each other.
_COUNTS = (16, 64, 256)
# Of the values of one tensor, of every second image. Of 64 images and more at
# most 1.6 % were of m1, conv-mnist and conv-cifar10, of 2 up to 50 %.
_MOST = 0.05
_STEPS = 255  # of a range in int8: a value that is less than one off is rounded
_MEMORY = 1 << 26  # bytes of all tensors of a batch


def of_calibration(path: Path, images: np.ndarray) -> list[str]:
    """Returns a warning where images do not span the activations of others.

    Args:
        path: The model, as a file of floats.
        images: Of the calibration.
    """
    if len(images) == 1:
        return ["calibration: of one image: how far others go is not known"]
    counts = sorted({min(count, len(images)) for count in _COUNTS})
    share = 0.0
    for count in counts:
        some = images[np.linspace(0, len(images) - 1, count).astype(int)]
        try:
            share = beyond(path, some[::2], some[1::2])
        except ValueError:  # LiteRT cannot run it
            return []
        if share <= _MOST:
            return []
    return [
        f"calibration: {share:.1%} of an activation, on every second of "
        f"{count} images, is beyond what the others span: int8 and int16x8 "
        "clip as much of images like these"
    ]


def beyond(path: Path, images: np.ndarray, others: np.ndarray) -> float:
    """Returns how much of others is clipped to the ranges of images.

    Args:
        path: The model, as a file of floats.
        images: Those that tell the range of every activation.
        others: Those that are shown then.

    Returns:
        The largest share of the values of an activation that are more than a
        step of int8 beyond its range.

    Raises:
        ValueError: LiteRT cannot run the file.
    """
    with runtimes.Inspector(path) as inspector:
        found = [
            output
            for output in inspector.outputs
            if output["dtype"] == "float32"
        ]
        indices = [output["index"] for output in found]
        values = sum(math.prod(output["shape"]) for output in found)
        size = max(1, _MEMORY // (4 * max(1, values)))
        low, high = np.zeros(len(indices)), np.zeros(len(indices))
        for batch in _batches(images, size):
            held = inspector.tensors(batch, indices)
            tensors = [held[index] for index in indices]
            low = np.minimum(low, [tensor.min() for tensor in tensors])
            high = np.maximum(high, [tensor.max() for tensor in tensors])
        step = (high - low) / _STEPS
        lower, upper = low - step, high + step
        clipped, of = np.zeros(len(indices)), np.zeros(len(indices))
        for batch in _batches(others, size):
            held = inspector.tensors(batch, indices)
            for i, index in enumerate(indices):
                tensor = held[index]
                out = (tensor < lower[i]) | (tensor > upper[i])
                clipped[i] += np.count_nonzero(out)
                of[i] += out.size
    return float(np.max(clipped / np.maximum(of, 1), initial=0))


def _batches(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(images), size):
        yield images[start : start + size]
