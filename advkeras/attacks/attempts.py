"""Attempts: the best of several tries at each image."""

import dataclasses
from collections.abc import Iterator

import numpy as np


@dataclasses.dataclass
class Attempts:
    """What tries have found so far, one row an image.

    Attributes:
        images: The best attempt; the image itself where there was none.
        height: What it climbed to, (n,).
        standing: Whether the image is to be tried again, bool, (n,).
        used: Gradients, int64, (n,).
        tried: Whether there was an attempt, bool, (n,).
    """

    images: np.ndarray
    height: np.ndarray
    standing: np.ndarray
    used: np.ndarray
    tried: np.ndarray

    @classmethod
    def at(cls, images: np.ndarray, standing: np.ndarray) -> "Attempts":
        """Returns those of images that nobody has tried yet."""
        n = len(images)
        return cls(
            images.copy(),
            np.full(n, -np.inf, np.float32),
            standing.copy(),
            np.zeros(n, np.int64),
            np.zeros(n, bool),
        )

    def parts(self, size: int) -> Iterator[np.ndarray]:
        """Returns the rows of images that stand by now, `size` at a time."""
        return parts_of(np.flatnonzero(self.standing), size)

    def put(
        self,
        rows: np.ndarray,
        images: np.ndarray,
        height: np.ndarray,
        used: np.ndarray,
        reached: np.ndarray | None = None,
    ) -> None:
        """Keeps new attempts where they are the best.

        Args:
            rows: Of the images tried, (k,).
            images: What was found, (k, height, width, channels).
            height: What it climbed to, (k,).
            used: Gradients, (k,).
            reached: Whether it is what was wanted, (k,): the image then
                stands no more. None: not known.
        """
        better = ~self.tried[rows] | (height > self.height[rows])
        if reached is not None:
            better |= reached
            self.standing[rows] = ~reached
        self.tried[rows] = True
        self.used[rows] += used
        self.images[rows[better]] = images[better]
        self.height[rows[better]] = height[better]


def parts_of(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yields rows, `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
