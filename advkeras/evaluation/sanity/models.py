"""Checks of a model: does it answer, always alike, and with a gradient?"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import objectives
from advkeras.classifier import Classifier
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.sanity.accuracy import clean_accuracy
from advkeras.evaluation.sanity.check import Check

_FEW = 0.05  # of the images, that may be without a gradient
_BATCH = 64


def reads(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Check:
    """Whether it reads clean images better than chance."""
    found = clean_accuracy(classifier, images, labels)
    return Check(
        "clean images are read better than by chance",
        not found.at_chance,
        found.in_words(),
        "Until bounds, channels, labels and preprocessing are right, an "
        "attack says nothing.",
        "Carlini et al. 2019",
    )


def answers(classifier: Classifier, images: np.ndarray) -> Check:
    """Whether its scores are numbers."""
    silent = Rate.of(classifier.predict(images) == checks.NO_ANSWER)
    return Check(
        "every image has an answer",
        silent.count == 0,
        f"The scores of {silent.count} of {silent.n} images are NaN or "
        "infinite.",
        "Those are counted apart, neither fooled nor robust. Half precision "
        "that overflows, or a division by 0?",
        "Carlini et al. 2019",
    )


def deterministic(classifier: Classifier) -> Check:
    """Whether it says the same of the same image."""
    return Check(
        "the model is deterministic",
        classifier.draws == 1,
        "Two calls gave one answer."
        if classifier.draws == 1
        else f"Two calls differ; the mean of {classifier.draws} is attacked.",
        "Switch off what is random at inference, or read every figure as of "
        "that mean.",
        "Athalye et al. 2018",
    )


def has_gradient(classifier: Classifier) -> bool:
    """Returns whether there is anything to climb."""
    try:
        classifier.check_differentiable()
    except ValueError:
        return False
    return True


def gradient(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Check:
    """Whether there is a gradient at the images."""
    name = "every image has a gradient"
    advice = (
        "Gradient attacks cannot move these images: the model is not robust "
        "for that. Attack a smooth stand-in for the part that hides the "
        "gradient, or by queries alone (ak.attacks.Square, HopSkipJump)."
    )
    if not classifier.logits_found:
        advice += (
            " The logits were not found below the model's probabilities; "
            "a model that returns them would do."
        )
    source = "Athalye et al. 2018, section 3.1"
    if not has_gradient(classifier):
        found = "Between images and scores something has no gradient."
        return Check(name, False, found, advice, source)
    lost = _lost(classifier, images, labels, objectives.log_odds_against)
    return Check(
        name,
        lost.count <= _FEW * lost.n,
        f"On {lost.count} of {lost.n} images it is 0 or not finite.",
        advice,
        source,
    )


def saturated(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> Check:
    """Whether cross-entropy, which others climb, has a gradient too."""
    name = "cross-entropy has a gradient where the log-odds do"
    source = "Carlini and Wagner 2017"
    advice = (
        "The model is confident beyond float32, as logits that were scaled or "
        "defensive distillation make it. The attacks here climb the log-odds, "
        "which are not lost; of an attack that climbs the cross-entropy "
        "believe nothing."
    )
    if not has_gradient(classifier):
        return Check(name, None, "There is no gradient.", advice, source)
    odds = _lost(classifier, images, labels, objectives.log_odds_against)
    loss = _lost(classifier, images, labels, objectives.cross_entropy)
    return Check(
        name,
        loss.count - odds.count <= _FEW * loss.n,
        f"It is 0 on {loss.count} of {loss.n} images, that of the log-odds on "
        f"{odds.count}.",
        advice,
        source,
    )


def _lost(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    objective: Callable[[Any, Any], Any],
) -> Rate:
    """Counts the images on which an objective has no gradient to follow."""
    follow = classifier.compiled(
        ("sanity", objective), lambda c: _build_follow(c, objective)
    )
    kept = [
        follow(images[i : i + _BATCH], labels[i : i + _BATCH]).numpy()
        for i in range(0, len(images), _BATCH)
    ]
    return Rate.of(~np.concatenate(kept))


def _build_follow(
    classifier: Classifier, objective: Callable[[Any, Any], Any]
) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ],
        autograph=False,
    )
    def follow(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            height = objective(classifier.logits(images), labels)
        steep = tape.gradient(height, images)
        steep = tf.reshape(steep, (tf.shape(steep)[0], -1))
        largest = tf.reduce_max(tf.abs(steep), axis=1)
        return (largest > 0) & tf.reduce_all(tf.math.is_finite(steep), axis=1)

    return follow
