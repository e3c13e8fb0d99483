import numpy as np
import tensorflow as tf

from advkeras.attacks import objectives


def test_gradient_by_hand():
    """Two classes: log((1 - p) / p) = z1 - z0, so the gradient is (-1, 1)."""
    gradient = objectives.log_odds_gradient(
        tf.constant([[3.0, -1.0], [0.0, 2.0]]), tf.constant([0, 1])
    )
    np.testing.assert_allclose(gradient, [[-1, 1], [1, -1]])


def test_gradient_is_that_of_the_log_odds():
    logits = tf.random.stateless_normal((5, 4), seed=(0, 1))
    labels = tf.constant([0, 1, 2, 3, 0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        p = tf.gather(tf.nn.softmax(logits), labels, batch_dims=1)
        log_odds = tf.math.log((1 - p) / p)
    np.testing.assert_allclose(
        objectives.log_odds_gradient(logits, labels),
        tape.gradient(log_odds, logits),
        atol=1e-5,
    )


def test_cross_entropy_by_hand():
    """Two equal logits: log 2."""
    loss = objectives.cross_entropy(tf.zeros((1, 2)), tf.constant([0]))
    np.testing.assert_allclose(loss, [np.log(2)], rtol=1e-6)
