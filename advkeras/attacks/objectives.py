"""What attacks climb: functions of logits and labels, one value an image."""

import tensorflow as tf


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the loss that classifiers are trained with, shape (n,)."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def log_odds_against(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns log((1 - p) / p) for the softmax p of the label, shape (n,).

    Cross-entropy is softplus of it, so both have the same gradient up to a
    positive factor for each image. That factor is 1 - p, which float32 rounds
    to 0 for a confident model: cross-entropy's gradient is lost where this
    one is not. For a step whose length does not depend on the gradient's, the
    two are one attack.
    """
    classes = tf.shape(logits)[1]
    own = tf.one_hot(labels, classes, True, False, dtype=tf.bool)
    others = tf.where(own, logits.dtype.min, logits)
    label_logit = tf.gather(logits, labels, batch_dims=1)
    return tf.reduce_logsumexp(others, axis=1) - label_logit
