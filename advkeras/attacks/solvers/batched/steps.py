"""What a round does beside `judge`: asks the model, finds the next place."""

from collections.abc import Callable

import tensorflow as tf

from advkeras import channels
from advkeras.attacks import objectives
from advkeras.attacks.solvers.batched import pairs as curvature
from advkeras.attacks.solvers.batched.judge import Newest
from advkeras.attacks.solvers.batched.judge import dot
from advkeras.attacks.solvers.batched.slots import Slots
from advkeras.attacks.solvers.penalty import pull
from advkeras.classifier import Classifier

# A lead that is smaller than this part of the two logits may be rounding.
_LEAD = 1e-6
# |r|^2 of a first step as the penalty sees it, which is flat at r = 0.
_FIRST = 0.25


def evaluating(
    classifier: Classifier, shape: tuple[int, ...]
) -> Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Returns what asks the model: (positions, targets) to what it says.

    Args:
        classifier: The model.
        shape: Of an image.
    """
    lower, upper = channels.lower_upper(classifier.bounds)

    def evaluate(
        positions: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns loss, its gradient, and the target's lead."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(positions)
            images = tf.reshape(positions, (-1, *shape))
            if classifier.bounds != (0.0, 1.0):  # or else it is a copy
                images = lower + (upper - lower) * images
            images = tf.cast(images, classifier.dtype)
            logits = classifier.logits(images)
            loss = objectives.cross_entropy(logits, targets)
        gradient = tape.gradient(loss, positions)
        own = tf.one_hot(targets, tf.shape(logits)[1], True, False, dtype=bool)
        aim = tf.reduce_sum(tf.where(own, logits, 0), axis=1)
        rival = tf.reduce_max(tf.where(own, logits.dtype.min, logits), axis=1)
        # Of these two: a class masked with -1e9 is no measure of rounding.
        lead = aim - rival - _LEAD * tf.maximum(tf.abs(aim), tf.abs(rival))
        return tf.cast(loss, tf.float64), gradient, tf.cast(lead, tf.float64)

    return evaluate


def onward(
    slots: Slots,
    history: tf.Tensor,
    newest: Newest,
    place: tf.Tensor,
    norm: str,
) -> Slots:
    """Returns the images with the trials that they ask for next.

    Args:
        slots: The images.
        history: The pairs before the newest, (n, 2 * memory, pixels).
        newest: What `judge` says.
        place: Where in the history the newest pair will be.
        norm: Of the penalty.
    """
    memory = slots.pairs.ss.shape[1]
    there = tf.range(memory) == place
    # A vector by rows, one after another, is what XLA and oneDNN do best here:
    # of three vectors at once they make something several times as slow.
    before = [tf.matmul(v[:, None], history, transpose_b=True) for v in newest]
    before = tf.cast(tf.concat(before, axis=1), tf.float64)
    products = tf.stack(
        [
            tf.where(there, own[:, :, None], part)
            for own, part in zip(
                _inner(*newest), tf.split(before, 2, axis=2), strict=True
            )
        ],
        axis=1,
    )
    # This order is its own inverse: it leads from places to ages and back.
    by_age = (place - tf.range(memory)) % memory
    products = tf.gather(products, by_age, axis=3)
    pairs = curvature.push(slots.pairs, products)
    c, length = slots.search.c, slots.here.squared
    *of_pairs, of_g = curvature.direction(
        pairs,
        products[:, 0, 2],
        products[:, 1, 2],
        dot(newest.gradient, newest.gradient),
        c * pull(norm, length),
        1 / (c * pull(norm, tf.maximum(length, _FIRST))),
    )
    of_s, of_y = (tf.cast(weights, tf.float32) for weights in of_pairs)
    weights = [
        tf.where(~there, tf.gather(weights, by_age, axis=1), 0)
        for weights in (of_s, of_y)
    ]
    weights = tf.concat(weights, axis=1)[:, None]
    move, change, gradient = newest
    direction = (
        tf.matmul(weights, history)[:, 0]
        + of_s[:, :1] * move
        + of_y[:, :1] * change
        + tf.cast(of_g, tf.float32)[:, None] * gradient
    )
    step = tf.cast(slots.step, tf.float32)[:, None] * direction
    # What a bound holds is to stay there.
    step = tf.where(gradient != 0, step, 0)
    trial = tf.clip_by_value(slots.here.position + step, 0.0, 1.0)
    return slots._replace(trial=trial, scale=-of_g, pairs=pairs)


def _inner(
    move: tf.Tensor, change: tf.Tensor, gradient: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the three by s, and by y, (n, 3) each."""
    both = dot(move, change)
    return (
        tf.stack([dot(move, move), both, dot(move, gradient)], axis=1),
        tf.stack([both, dot(change, change), dot(change, gradient)], axis=1),
    )
