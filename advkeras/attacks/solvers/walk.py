"""A walk along the edge of a class, to a nearer example than one at hand.

L-BFGS goes downhill, and on a net of many kinks ends in the next dent. A walk
turns the change by long steps at first, which lead out of it, and by ever
shorter ones; its norm is set apart from its direction (Rony et al. 2019,
algorithm 1), and moves by ever less (Pintor et al. 2021, algorithm 1).
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras.attacks import nearest
from advkeras.attacks import norms
from advkeras.classifier import Classifier

STEPS = 200  # each of one gradient
# Length of the first step, over that of the change at hand; the last is 0.
_LONGEST = 4.0
# By what part the norm shrinks or grows, at first and at last.
_FIRST, _LAST = 0.05, 0.0005


def walked(
    classifier: Classifier,
    positions: np.ndarray,
    examples: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Walks on from examples.

    Args:
        classifier: The model to fool.
        positions: The images in units of the pixel range, float32, (n, height,
            width, channels).
        examples: One of each that is known, likewise.
        labels: What they are to be no longer, int64, (n,).
        batch_size: Images to work on at a time.

    Returns:
        The nearest examples on the way, likewise, and whether there was any,
        bool, (n,).
    """
    walk = classifier.compiled("walk", _build_walk)
    places, found = examples.copy(), np.zeros(len(labels), bool)
    for start in range(0, len(labels), batch_size):
        rows = slice(start, start + batch_size)
        places[rows], found[rows] = walk(
            positions[rows], examples[rows], labels[rows]
        )
    return places, found


class _State(NamedTuple):
    """Where a walk is: the step, and for each image the rest."""

    i: tf.Tensor
    change: tf.Tensor
    norm: tf.Tensor  # that the change is to have
    best: nearest.Best


def _build_walk(classifier: Classifier) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)
    images = classifier.images_spec()

    @tf.function(
        input_signature=[images, images, tf.TensorSpec((None,), tf.int64)],
        autograph=False,
    )
    def walk(
        positions: tf.Tensor, examples: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        originals = lower + (upper - lower) * positions
        batch = nearest.Batch(classifier, originals, labels, False)
        best = _walk(batch, examples - positions)
        places = positions + batch.changes(best.images)
        return tf.clip_by_value(places, 0.0, 1.0), best.found

    return walk


def _walk(batch: nearest.Batch, change: tf.Tensor) -> nearest.Best:
    length = batch.size(change, "l2")
    room = batch.room()

    def stepped(now: _State) -> tuple[_State]:
        images = batch.images(now.change)
        said, gradient = batch.uphill(images, batch.lead)
        best, _ = batch.nearer(now.best, images, said, "l2")
        step, part = (
            tf.cast(nearest.cosine(*ends, now.i, STEPS), length.dtype)
            for ends in ((_LONGEST, 0.0), (_FIRST, _LAST))
        )
        way = norms.steepest_step(gradient, "l2", 1.0, None)
        turned = now.change + batch.each(step * length) * way
        turned = tf.clip_by_value(turned, *room)
        norm = tf.where(
            said.met,
            tf.minimum(now.norm, best.size) * (1 - part),
            now.norm * (1 + part),
        )
        scale = tf.math.divide_no_nan(norm, batch.size(turned, "l2"))
        change = tf.clip_by_value(batch.each(scale) * turned, *room)
        return (_State(now.i + 1, change, norm, best),)

    (now,) = tf.while_loop(
        lambda now: now.i < STEPS,
        stepped,
        (_State(tf.constant(0), change, length, batch.nothing()),),
    )
    return now.best
