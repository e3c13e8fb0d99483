"""What a round does beside `judge`: asks the model, finds the next place."""

from collections.abc import Callable

import tensorflow as tf

from advkeras import channels
from advkeras.attacks import objectives
from advkeras.attacks.solvers.batched import pairs as curvature
from advkeras.attacks.solvers.batched.judge import free_slope
from advkeras.attacks.solvers.batched.pairs import Pairs
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
            images = tf.cast(lower + (upper - lower) * images, classifier.dtype)
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


def weigh(
    slots: Slots,
    products: tf.Tensor,
    squared: tf.Tensor,
    place: tf.Tensor,
    norm: str,
) -> tuple[Pairs, tf.Tensor, tf.Tensor]:
    """Returns all pairs, and what each and the gradient weigh in a direction.

    Args:
        slots: The images.
        products: Of s and y at all places with the newest s and y, and with
            the gradient, (n, 2 * memory, 3).
        squared: |gradient|^2, (n,).
        place: Where the newest pair is.
        norm: Of the penalty.
    """
    n, memory = tf.shape(squared)[0], slots.pairs.ss.shape[1]
    # This order is its own inverse: it leads from places to ages and back.
    by_age = (place - tf.range(memory)) % memory
    products = tf.reshape(products, (n, 2, memory, 3))
    products = tf.cast(tf.gather(products, by_age, axis=2), tf.float64)
    pairs = curvature.push(slots.pairs, products)
    c, length = slots.search.c, slots.here.squared
    of_s, of_y, of_g = curvature.direction(
        pairs,
        products[:, 0, :, 2],
        products[:, 1, :, 2],
        squared,
        c * pull(norm, length),
        1 / (c * pull(norm, tf.maximum(length, _FIRST))),
    )
    weights = tf.gather(tf.stack([of_s, of_y], axis=1), by_age, axis=2)
    weights = tf.reshape(weights, (n, 1, 2 * memory))
    return pairs, tf.cast(weights, tf.float32), of_g


def trial(
    slots: Slots, direction: tf.Tensor, of_g: tf.Tensor, norm: str
) -> tf.Tensor:
    """Returns where the model is to be asked next, (n, pixels).

    Args:
        slots: The images.
        direction: What the pairs make of it, (n, pixels).
        of_g: What the gradient weighs in it, (n,).
        norm: Of the penalty.
    """
    gradient = free_slope(slots, norm)
    direction += tf.cast(of_g, tf.float32)[:, None] * gradient
    move = tf.cast(slots.step, tf.float32)[:, None] * direction
    # What a bound holds is to stay there.
    move = tf.where(gradient != 0, move, 0)
    return tf.clip_by_value(slots.here.position + move, 0.0, 1.0)
