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


LOGITS = [[3.0, -1.0, 1.0], [0.0, 2.0, 5.0]]


def test_log_odds_by_hand():
    """p0 = e3 / (e3 + e-1 + e1), so (1 - p0) / p0 = e-4 + e-2."""
    found = objectives.log_odds_against(
        tf.constant(LOGITS), tf.constant([0, 1])
    )
    np.testing.assert_allclose(
        found,
        [np.log(np.exp(-4) + np.exp(-2)), np.log(np.exp(-2) + np.exp(3))],
        rtol=1e-6,
    )


def test_log_odds_of_two_classes_are_the_margin():
    logits, labels = tf.constant([[3e4, -2e4], [5.0, 7.5]]), tf.constant([0, 1])
    for objective in (objectives.log_odds_against, objectives.margin_against):
        assert objective(logits, labels).numpy().tolist() == [-5e4, -2.5]


def test_the_gradient_of_the_log_odds_is_the_one_that_fgsm_climbs():
    logits = 5 * tf.random.stateless_normal((6, 4), seed=(0, 2))
    # So confident that cross-entropy has no gradient left.
    logits = tf.concat([logits, [[1e4, 0, -3, 2], [0, 1e30, 1, 2]]], axis=0)
    labels = tf.constant([0, 1, 2, 3, 0, 1, 0, 1])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        against = objectives.log_odds_against(logits, labels)
    gradient = tape.gradient(against, logits)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(
        gradient, objectives.log_odds_gradient(logits, labels), atol=1e-6
    )


def test_margin_by_hand():
    logits, labels = tf.constant(LOGITS), tf.constant([0, 1])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        margin = objectives.margin_against(logits, labels)
    assert margin.numpy().tolist() == [-2.0, 3.0]
    assert tape.gradient(margin, logits).numpy().tolist() == [
        [-1.0, 0.0, 1.0],
        [0.0, -1.0, 1.0],
    ]


def test_margin_is_above_zero_where_the_label_is_missed():
    logits = tf.random.stateless_normal((50, 5), seed=(0, 3))
    labels = tf.random.stateless_uniform((50,), (0, 4), 0, 5, tf.int64)
    margin = objectives.margin_against(logits, labels).numpy()
    missed = tf.argmax(logits, axis=1).numpy() != labels.numpy()
    assert ((margin > 0) == missed).all()
    assert 0 < missed.sum() < 50


def test_logits_ratios_by_hand():
    """Logits 5, 3, 2, 1 of label 1 or 0, and toward class 2."""
    logits = tf.constant([[3.0, 5, 1, 2], [5, 3, 2, 1]])
    found = objectives.logits_ratio_against(logits, tf.constant([1, 1]))
    np.testing.assert_allclose(found, [(3 - 5) / 3, (5 - 3) / 3], rtol=1e-6)
    found = objectives.logits_ratio_toward(
        logits, tf.constant([1, 1]), tf.constant([2, 2])
    )
    np.testing.assert_allclose(found, [-4 / 3.5, -1 / 3.5], rtol=1e-6)
    scaled = objectives.logits_ratio_against(
        100 * logits + 7, tf.constant([1, 1])
    )
    np.testing.assert_allclose(scaled, [-2 / 3, 2 / 3], rtol=1e-5)


def test_logits_ratio_of_equal_logits_is_no_number_gone_wrong():
    logits = tf.ones((1, 4))
    for found in (
        objectives.logits_ratio_against(logits, tf.constant([1])),
        objectives.logits_ratio_toward(
            logits, tf.constant([1]), tf.constant([2])
        ),
    ):
        assert found.numpy().tolist() == [0]


def test_reached():
    logits = tf.constant([[1.0, 2], [2, 1], [np.nan, 1]])
    for goals, targeted, expected in (
        ([1, 1, 1], False, [False, True, False]),
        ([1, 1, 1], True, [True, False, False]),
    ):
        goals = tf.constant(goals, tf.int64)
        found = objectives.reached(logits, goals, targeted)
        assert found.numpy().tolist() == expected
