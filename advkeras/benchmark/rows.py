"""Row: what one way to attack took and found, beside the others."""

import dataclasses
from typing import Any

import numpy as np

from advkeras.attacks import norms
from advkeras.benchmark.peers import Peer
from advkeras.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a suite's table; None where a figure says nothing.

    Attributes:
        name: What was called.
        version: Of the library that did the work.
        images: Images of one call.
        repeats: Calls timed, in turns with the others'.
        seconds: Median of the calls, by the number of images.
        to_floor: `seconds` over those of the suite's floor.
        to_ours: `seconds` over those of our attack.
        to_smallest: `seconds` over those at the smallest number of images.
        success: Share of the images on which the attack's goal was reached.
        distortion: Mean over these images: RMS a pixel, pixel range 1.
        evaluations: Gradients used for an image, mean.
        to_gradients: `seconds` over `evaluations` times those of the floor:
            1 is an attack that costs its gradients and nothing else.
        to_scipy: Mean distortion over that of SciPy one image at a time, on
            the images that both attacked with success.
        to_lockstep: Mean distortion over that of SciPy in lockstep, likewise.
        worst: The largest such ratio of one image.
        norm: Of the change, which is to be small.
        distance: Mean of that norm over the successes, pixel range 1.
        to_nearest: `distance` over the mean of the nearest examples that
            anyone in the table found of the same images.
        robust: Share of the images that no example within the budget fools.
        queries: Times that an image was shown for its logits alone, mean.
        peak_memory: Resident bytes of a process, at most.
        own_memory: Of these, what it did not have when the attack began.
        array_memory: Bytes of the images attacked, and as many found.
        note: Why there are no figures, or what else is to be said.
    """

    name: str
    version: str | None = None
    images: int | None = None
    repeats: int | None = None
    seconds: float | None = None
    to_floor: float | None = None
    to_ours: float | None = None
    to_smallest: float | None = None
    success: float | None = None
    distortion: float | None = None
    evaluations: float | None = None
    to_gradients: float | None = None
    to_scipy: float | None = None
    to_lockstep: float | None = None
    worst: float | None = None
    norm: str | None = None
    distance: float | None = None
    to_nearest: float | None = None
    robust: float | None = None
    queries: float | None = None
    peak_memory: int | None = None
    own_memory: int | None = None
    array_memory: int | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What an attack found, judged by the model attacked.

    Attributes:
        success: Whether the goal was reached, bool, (n,).
        distortion: RMS a pixel over the pixel range, (n,).
    """

    success: np.ndarray
    distortion: np.ndarray

    @property
    def rate(self) -> float:
        """Share of successes."""
        return float(self.success.mean())

    @property
    def mean(self) -> float | None:
        """Mean distortion of the successes; None without."""
        if not self.success.any():
            return None
        return float(self.distortion[self.success].mean())

    def beside(self, other: "Outcome") -> tuple[float, float] | None:
        """Compares distortions on the images that both attacked and fooled.

        Args:
            other: Of the same images, or of some from the first.

        Returns:
            (ratio of the means, largest ratio of one image), None without
            such images.
        """
        n = min(len(self.success), len(other.success))
        both = self.success[:n] & other.success[:n]
        # Where nothing had to be changed there is no ratio.
        both &= (self.distortion[:n] > 0) & (other.distortion[:n] > 0)
        if not both.any():
            return None
        mine, theirs = self.distortion[:n][both], other.distortion[:n][both]
        return float(mine.mean() / theirs.mean()), float((mine / theirs).max())


def judge(
    classifier: Classifier,
    images: np.ndarray,
    found: np.ndarray,
    labels: np.ndarray | None = None,
    targets: np.ndarray | None = None,
) -> Outcome:
    """Says what the model makes of images that any library made of ours.

    Args:
        classifier: The model attacked.
        images: The clean images, float32, (n, height, width, channels).
        found: What was made of the first of them, as they are.
        labels: Classes to leave, int64, (n,); or else give targets.
        targets: Classes to reach, int64, (n,).
    """
    n = len(found)
    predictions = classifier.predict(found, within_bounds=False)
    if targets is not None:
        success = predictions == targets[:n]
    else:
        success = predictions != np.asarray(labels)[:n]
    changes = found - images[:n]
    return Outcome(success, norms.distortion(changes, classifier.bounds))


def skipped(peer: Peer, reason: str) -> Row:
    """Returns the row of a peer that was not timed."""
    return Row(peer.name, note=f"skipped: {reason}")
