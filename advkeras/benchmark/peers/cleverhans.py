"""CleverHans 4's FGSM."""

import numpy as np
import tensorflow as tf

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier


def _prepare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
) -> Run:
    from cleverhans.tf2.attacks import fast_gradient_method

    # It compiles the gradient itself, once for each object that it is given:
    # a bound method is a new object wherever it is written.
    logits = classifier.logits
    lower, upper = one_pair(classifier)
    inputs = tf.constant(images, tf.float32)
    goals = tf.constant(labels, tf.int64)

    def run() -> np.ndarray:
        return fast_gradient_method.fast_gradient_method(
            logits,
            inputs,
            epsilon,
            np.inf,
            clip_min=lower,
            clip_max=upper,
            y=goals,
        ).numpy()

    return run


PEER = Peer("CleverHans", "cleverhans", ">=4,<5", _prepare)
