"""What a recipe can minimise: one loss of logits for each reading of them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import checks

_LEAST = 1e-6  # of 1 - p, below which its logarithm is cut off


def class_labels(model: keras.Model, labels: Any, n: int) -> np.ndarray:
    """Returns the labels of `n` images for a model's logits, int64, (n,).

    Raises:
        ValueError: There are none, or they are none of the model's.
    """
    return checks.check_labels(labels, n, int(model.output_shape[-1]))


def sigmoid(labels: Any, logits: Any) -> Any:
    """Returns the cross-entropy of independent classes, shape (n,).

    Each class has a probability of its own, sigmoid(logit): together they
    need not be 1.

    Args:
        labels: int, (n,).
        logits: float32, (n, classes).
    """
    wanted = _one_hot(labels, logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits)
    return tf.reduce_sum(losses, axis=1)


def exponential(labels: Any, logits: Any) -> Any:
    """Returns the same where a class has the probability exp(logit).

    Of the shallow RBF nets of Goodfellow et al. 2014, section 7, whose logits
    are 0 or less.

    Args:
        labels: int, (n,).
        logits: float32, (n, classes), 0 or less.
    """
    wanted = _one_hot(labels, logits)
    absent = tf.math.log(tf.maximum(-tf.math.expm1(logits), _LEAST))
    return -tf.reduce_sum(wanted * logits + (1 - wanted) * absent, axis=1)


# "softmax": one probability shared out among the classes.
LOSSES = {
    "softmax": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "sigmoid": sigmoid,
    "exponential": exponential,
}
_PROBABILITIES = {
    "softmax": tf.nn.softmax,
    "sigmoid": tf.nn.sigmoid,
    "exponential": lambda logits: tf.exp(tf.minimum(logits, 0)),
}


def probabilities(logits: Any, loss: str = "softmax") -> Any:
    """Returns what logits mean to a net that a loss has trained.

    Args:
        logits: float32, (n, classes).
        loss: Name of the loss: "softmax", "sigmoid" or "exponential".

    Returns:
        Probabilities, a tensor as `logits`.

    Raises:
        ValueError: There is no such loss.
    """
    checks.check_choice("loss", loss, tuple(LOSSES))
    return _PROBABILITIES[loss](logits)


def _one_hot(labels: Any, logits: Any) -> Any:
    labels = tf.cast(tf.reshape(labels, (-1,)), tf.int32)
    return tf.one_hot(labels, tf.shape(logits)[1], dtype=logits.dtype)
