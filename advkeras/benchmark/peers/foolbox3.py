"""Foolbox 3's FGSM."""

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
    import foolbox

    # It takes any function of a tensor; a compiled one is faster.
    logits = tf.function(
        classifier.logits, input_signature=[classifier.images_spec()]
    )
    model = foolbox.models.TensorFlowModel(logits, bounds=one_pair(classifier))
    attack = foolbox.attacks.LinfFastGradientAttack()
    inputs = tf.constant(images, tf.float32)
    # Other integers fail inside, where labels are compared with an argmax.
    goals = tf.constant(labels, tf.int64)

    def run() -> np.ndarray:
        # As documented; judges what was made, as calling our attack does.
        _, clipped, _ = attack(model, inputs, goals, epsilons=epsilon)
        return clipped.numpy()

    return run


PEER = Peer("Foolbox 3", "foolbox", ">=3.3,<4", _prepare)
