"""What attacks climb, as functions of logits and labels."""

import tensorflow as tf

from advkeras import checks
from advkeras.classifier import answers


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the loss that classifiers are trained with, shape (n,)."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def log_odds_gradient(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the gradient by the logits of log((1 - p) / p), p the label's.

    It is the softmax over the other classes less 1 at the label, (n, classes).
    Cross-entropy is softplus of that log-odds, so both gradients are the same
    up to a positive factor for each image, 1 - p. float32 rounds that factor
    to 0 for a confident model: cross-entropy's gradient is lost where this one
    is not. For a step whose length does not depend on the gradient's, the two
    are one attack.
    """
    own = tf.one_hot(labels, tf.shape(logits)[1], True, False, dtype=tf.bool)
    others = tf.nn.softmax(tf.where(own, logits.dtype.min, logits))
    return others - tf.cast(own, logits.dtype)


def log_odds_against(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns log((1 - p) / p), p the label's probability, shape (n,).

    Its gradient is `log_odds_gradient`.
    """
    own, others = _own_and_others(logits, labels)
    return tf.reduce_logsumexp(others, axis=1) - own


def margin_against(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the best other class's logit less the label's, shape (n,).

    Above 0 where the model misses the label: Carlini and Wagner 2017, f_6.
    """
    own, others = _own_and_others(logits, labels)
    return tf.reduce_max(others, axis=1) - own


def logits_ratio_against(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the margin over the first less the third logit, shape (n,).

    Croce and Hein 2020, equation 6, the difference of logits ratio (DLR).
    """
    first = tf.math.top_k(logits, 3).values
    return tf.math.divide_no_nan(
        margin_against(logits, labels), first[:, 0] - first[:, 2]
    )


def logits_ratio_toward(
    logits: tf.Tensor, labels: tf.Tensor, targets: tf.Tensor
) -> tf.Tensor:
    """Returns target's less label's over first less mean third and fourth.

    Of the logits, shape (n,): Croce and Hein 2020, equation 7.
    """
    first = tf.math.top_k(logits, 4).values
    own = tf.gather(logits, labels, batch_dims=1)
    other = tf.gather(logits, targets, batch_dims=1)
    return tf.math.divide_no_nan(
        other - own, first[:, 0] - (first[:, 2] + first[:, 3]) / 2
    )


def reached(logits: tf.Tensor, goals: tf.Tensor, targeted: bool) -> tf.Tensor:
    """Returns where the goal is reached, bool, (n,).

    Args:
        logits: (n, classes).
        goals: Targets to be taken for, or else labels to leave, (n,).
        targeted: Which of the two.
    """
    said = answers(logits)
    if targeted:
        return said == goals
    return (said != goals) & (said != checks.NO_ANSWER)


def _own_and_others(
    logits: tf.Tensor, labels: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the label's logit, (n,), and all with it out of the race."""
    own = tf.one_hot(labels, tf.shape(logits)[1], True, False, dtype=tf.bool)
    others = tf.where(own, logits.dtype.min, logits)
    return tf.gather(logits, labels, batch_dims=1), others
