"""Whether a model reads the images at all, and if not, what would help."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.stats

from advkeras import channels
from advkeras import checks
from advkeras.classifier import Classifier
from advkeras.evaluation.rates import Rate

# Other pixels that models are made for.
_BOUNDS = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
_UNLIKELY = 1e-4  # that a model of its card's error does as badly


@dataclasses.dataclass(frozen=True)
class CleanAccuracy:
    """How a model reads images before anything is done to them.

    Attributes:
        right: Of all images, those read rightly.
        chance: Share that the best constant answer gets, 0 to 1.
        tried: Where that is no more than chance: what else was tried, in
            words, and the images read rightly then.
    """

    right: Rate
    chance: float
    tried: dict[str, Rate]

    @property
    def at_chance(self) -> bool:
        """Whether the 95 % interval reaches down to chance."""
        return _at_chance(self.right, self.chance)

    def in_words(self) -> str:
        """Says how far that is from chance, and what would help."""
        said = (
            f"{self.right.count} of {self.right.n} images are read rightly "
            f"({self.right}), where chance is {self.chance:.1%}"
        )
        if not self.at_chance:
            return f"{said}."
        helps = [
            f"with {what} it is {rate}"
            for what, rate in self.tried.items()
            if not _at_chance(rate, self.chance)
            and rate.count > self.right.count
        ]
        if helps:
            return f"{said}; {', '.join(helps)}."
        return (
            f"{said}; {', '.join(self.tried)} do not help. Another order of "
            "the labels, or other preprocessing?"
        )


def clean_accuracy(
    classifier: Classifier, images: Any, labels: Any = None
) -> CleanAccuracy:
    """Measures accuracy on clean images; at chance, looks for the cause.

    Args:
        classifier: The model.
        images: (n, height, width, channels), within its bounds, or a data
            set, as attacks take them.
        labels: True labels, (n,); None for those of the data set.

    Raises:
        ValueError: The images or labels are not such as the model takes.
    """
    images, labels = classifier.examples(images, labels)
    classes = classifier.num_classes
    labels = checks.check_labels(labels, len(images), classes)
    predicted = classifier.predict(images)
    right = Rate.of(predicted == labels)
    counts = np.bincount(labels, minlength=classes)
    # Images of one class alone say nothing of the other answers.
    several = np.count_nonzero(counts) > 1
    chance = float(counts.max() / len(labels)) if several else 1 / classes
    tried = {}
    if _at_chance(right, chance):
        tried = _tried(classifier, images, labels, predicted)
    return CleanAccuracy(right, chance, tried)


def check_accuracy(
    classifier: Classifier,
    images: Any,
    labels: Any = None,
    card: Mapping[str, Any] | None = None,
) -> CleanAccuracy:
    """Raises ValueError where a model does not read the images.

    Args:
        classifier: The model.
        images: As of `clean_accuracy`.
        labels: As of `clean_accuracy`.
        card: The model's card, if the images are of the set that it names.

    Returns:
        What was measured.

    Raises:
        ValueError: Accuracy is no more than chance, or far below what the
            card says.
    """
    found = clean_accuracy(classifier, images, labels)
    received = f"Received: model {classifier.model.name!r}"
    if found.at_chance:
        raise ValueError(
            "`model` must read the images better than chance, or an attack on "
            f"it says nothing: {found.in_words()} {received} with bounds "
            f"{classifier.bounds} ({classifier.bounds_from})"
        )
    if card is not None:
        wrong = found.right.n - found.right.count
        test = scipy.stats.binomtest(
            wrong, found.right.n, card["test_error"], alternative="greater"
        )
        if test.pvalue < _UNLIKELY:
            raise ValueError(
                "`model` must read the images about as its card says, test "
                f"error {card['test_error']:.1%}: {found.in_words()} {received}"
            )
    return found


def _at_chance(rate: Rate, chance: float) -> bool:
    return rate.interval is None or rate.interval[0] <= chance


def _tried(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
) -> dict[str, Rate]:
    lower, upper = channels.lower_upper(classifier.bounds)
    unit = (images - lower) / (upper - lower)
    shown = {
        f"pixels in {low:g} .. {high:g}": low + unit * (high - low)
        for low, high in _BOUNDS
        if (low, high) != classifier.bounds
    }
    shown["black for white"] = lower + upper - images
    if images.shape[-1] == 3:
        # Each channel with the bounds of its place; alike, without rounding.
        shown["channels reversed"] = (
            images[..., ::-1]
            if channels.count_of(classifier.bounds[0]) is None
            else lower + unit[..., ::-1] * (upper - lower)
        )
    tried = {
        what: Rate.of(
            classifier.predict(some.astype(np.float32), within_bounds=False)
            == labels
        )
        for what, some in shown.items()
    }
    for shift in (1, -1):
        moved = (labels + shift) % classifier.num_classes
        tried[f"labels shifted by {shift:+d}"] = Rate.of(predicted == moved)
    return tried
