"""Attempts: the best of several tries at each image."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

# Images that leave early come from a pool of so many batches.
POOL = 4

T = TypeVar("T")


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


def in_turn(
    best: Attempts,
    tries: Sequence[T],
    climb: Callable[[T, np.ndarray, bool], tuple[np.ndarray, ...]],
    asked: Callable[[np.ndarray, np.ndarray], np.ndarray],
    stop_early: bool,
    batch_size: int,
) -> None:
    """Tries one after another, each at the images that still stand.

    Args:
        best: The attempts so far, to which these are added.
        tries: What differs from time to time.
        climb: (try, rows, whether to stop early) -> images found, how high
            they are, gradients used, and whether the climb took them for a
            success; its last is not read where it does not stop early.
        asked: (rows, images found) -> whether the model says so too.
        stop_early: Whether an image stops where it first succeeds.
        batch_size: Images to work on at a time.
    """
    once = len(tries) == 1 and not stop_early
    for one in tries:
        for rows in best.parts(batch_size * (POOL if stop_early else 1)):
            left = rows
            if stop_early:
                found, height, used, met = climb(one, rows, True)
                reached = asked(rows, found)
                best.put(rows, found, height, used, reached)
                # Where the model has another word than the climb, as the
                # interpreter of a lifted file may have: all the steps.
                left = rows[met & ~reached]
            for some in parts_of(left, batch_size):
                found, height, used, _ = climb(one, some, False)
                reached_too = None if once else asked(some, found)
                best.put(some, found, height, used, reached_too)
