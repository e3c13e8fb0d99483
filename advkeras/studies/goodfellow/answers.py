"""What a net says of images, and how sure it is."""

import dataclasses

import numpy as np
import tensorflow as tf

from advkeras import training
from advkeras.classifier import Classifier
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.studies.findings import Cell

_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a net says of each of some images.

    Attributes:
        labels: What they are, int64, (n,).
        logits: What the net says, float32, (n, classes).
        loss: How it is to be read; see `advkeras.training.probabilities`.
    """

    labels: np.ndarray
    logits: np.ndarray
    loss: str = "softmax"

    @property
    def predictions(self) -> np.ndarray:
        """The net's labels, (n,)."""
        return self.logits.argmax(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Which are not what the images are, (n,)."""
        return self.predictions != self.labels

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, (n,)."""
        return np.asarray(training.probabilities(self.logits, self.loss)).max(
            axis=1
        )

    @property
    def error(self) -> Rate:
        """How many are wrong."""
        return Rate.of(self.wrong)

    def cells(
        self,
        error: float | None = None,
        confidence: float | None = None,
        on_mistakes: float | None = None,
    ) -> list[Cell]:
        """Returns error, mean confidence, and that of mistakes, in %.

        Args:
            error: The published error.
            confidence: The published mean confidence, where the paper does
                not say that it is of mistakes alone.
            on_mistakes: That of mistakes.
        """
        measured = 100 * self.confidence
        return [
            Cell(self.error, error),
            Cell(Mean.of(measured), confidence),
            Cell(Mean.of(measured[self.wrong]), on_mistakes),
        ]


HEADINGS = ("error", "confidence", "on mistakes")


def ask(
    net: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    loss: str = "softmax",
) -> Answers:
    """Shows images to a net, within its bounds or not.

    Args:
        net: The net.
        images: float32, (n, height, width, channels).
        labels: What they are, int64, (n,).
        loss: What trained the net.
    """
    logits = [
        np.asarray(net.logits(tf.constant(images[i : i + _BATCH])))
        for i in range(0, len(images), _BATCH)
    ]
    return Answers(labels, np.concatenate(logits), loss)
