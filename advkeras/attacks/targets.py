"""Which wrong class an example is to be taken for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.attacks import seeds
from advkeras.classifier import Classifier

RULES = ("random", "next")
# Not rules by which one is chosen: each is aimed at in turn, or whichever is
# nearest is looked for. Of an image one of them is enough.
ALL, NEAREST = "all", "nearest"
UNTARGETED = (ALL, NEAREST)


def choose(
    rule: str,
    images: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int,
    seed: int,
) -> np.ndarray:
    """Returns a target class for each image, int64, shape (n,).

    A target is never the label, nor what the model says already, so that
    reaching it takes a change and is an error. (With two classes no such
    class exists, and the target is the one that is not the label.)

    A random target depends on the image and the seed alone, not on the
    image's place among others: any subset gives the same targets.

    Args:
        rule: "random" (uniform, seeded) or "next" (the label's successor).
        images: (n, ...).
        labels: True labels, (n,).
        predictions: What the model says of the clean images, (n,).
        num_classes: Classes to choose from.
        seed: Seed of the random rule.
    """
    targets = np.empty(len(images), np.int64)
    for i, (image, label, predicted) in enumerate(
        zip(images, labels, predictions, strict=True)
    ):
        successors = [(label + k) % num_classes for k in range(1, num_classes)]
        allowed = [c for c in successors if c != predicted] or successors
        if rule == "random":
            targets[i] = seeds.generator(image, seed).choice(allowed)
        else:
            targets[i] = allowed[0]
    return targets


def ranked(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
) -> np.ndarray:
    """Returns the wrong classes, largest logit first, (n, classes - 1).

    Args:
        classifier: The model.
        images: As it takes them, (n, height, width, channels).
        labels: What is not wrong, int64, (n,).
        batch_size: Images to ask about at a time.
    """
    rank = classifier.compiled("ranked", _build_ranked)
    return np.concatenate(
        [
            rank(images[rows], labels[rows]).numpy()
            for start in range(0, len(images), batch_size)
            for rows in (slice(start, start + batch_size),)
        ]
    )


def _build_ranked(classifier: Classifier) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ],
        autograph=False,
    )
    def ranked(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = classifier.logits(images)
        own = tf.one_hot(labels, classifier.num_classes, dtype=logits.dtype)
        # The label's place is the last, even beside logits of -inf.
        order = tf.argsort(logits, direction="DESCENDING", stable=True)
        there = tf.gather(own, order, batch_dims=1)
        last = tf.argsort(there, stable=True)
        return tf.cast(tf.gather(order, last, batch_dims=1), tf.int64)[:, :-1]

    return ranked
