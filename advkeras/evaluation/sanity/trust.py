"""trust: all sanity checks of one model, on a few images."""

from typing import Any

import keras
import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.evaluation.sanity import attacks
from advkeras.evaluation.sanity import models
from advkeras.evaluation.sanity.check import Check
from advkeras.evaluation.sanity.check import Checks

_SHARE = 0.1  # of the pixel range, where no epsilon is given


def trust(
    classifier: Classifier | keras.Model,
    images: Any,
    labels: Any = None,
    epsilon: channels.Amount | None = None,
    others: tuple[Classifier, ...] = (),
    examples: int = 64,
    seed: int = 0,
) -> Checks:
    """Checks whether what attacks find of a model can be trusted.

    An attack that fails proves nothing unless it could have succeeded. What
    is checked is what Carlini et al. 2019, Athalye et al. 2018, Tramer et al.
    2020 and Croce and Hein 2020 ask of an evaluation.

    Args:
        classifier: The model. A plain Keras model has bounds as `Classifier`
            finds them.
        images: (n, height, width, channels), within its bounds, or a data
            set, as attacks take them.
        labels: True labels, (n,), or one-hot; None for those of the data set.
        epsilon: Budget of the attacks, "linf", in the units of the images, or
            one for each channel; None for a tenth of the pixel range.
        others: Models whose examples are to be no stronger than its own;
            those without a gradient are left out.
        examples: How many of the images, of those that are read rightly, the
            attacks are tried on.
        seed: Seed of every random choice.

    Returns:
        The checks that were made, one after the other.

    Raises:
        ValueError: An argument is not as described.

    Example:
        >>> print(*ak.evaluation.trust(model, images, labels).in_words())
    """
    classifier = as_classifier(classifier)
    images, labels = classifier.examples(images, labels)
    labels = checks.check_labels(labels, len(images), classifier.num_classes)
    checks.check_count("examples", examples)
    if epsilon is None:
        epsilon = classifier.epsilon(_SHARE)
    epsilon = checks.check_amount("epsilon", epsilon)
    checks.check_channels("epsilon", epsilon, classifier.image_shape)
    made: list[Check] = [
        models.reads(classifier, images, labels),
        models.answers(classifier, images),
        models.deterministic(classifier),
        attacks.unit(classifier, epsilon),
    ]
    right = np.flatnonzero(classifier.predict(images) == labels)[:examples]
    if not len(right):
        right = np.arange(min(examples, len(images)))
    shown = images[right], labels[right]
    gradient = models.gradient(classifier, *shown)
    made += [gradient, models.saturated(classifier, *shown)]
    if models.has_gradient(classifier):
        others = tuple(one for one in others if models.has_gradient(one))
        made += attacks.compare(classifier, *shown, epsilon, others, seed)
    return Checks(classifier.model.name, len(right), tuple(made))
