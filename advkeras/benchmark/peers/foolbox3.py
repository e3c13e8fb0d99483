"""Foolbox 3's FGSM, and its attacks that look for the smallest change."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier

_VERSIONS = ("foolbox", ">=3.3,<4")


def _prepare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
) -> Run:
    import foolbox

    attack = foolbox.attacks.LinfFastGradientAttack()
    return _running(attack, classifier, images, labels, epsilon)


def _smallest(
    name: str, **options: Any
) -> Callable[[Classifier, np.ndarray, np.ndarray], Run]:
    """Returns what prepares an attack that is given no epsilon."""

    def prepare(
        classifier: Classifier, images: np.ndarray, labels: np.ndarray
    ) -> Run:
        import foolbox

        attack = getattr(foolbox.attacks, name)(**options)
        return _running(attack, classifier, images, labels, None)

    return prepare


def _running(
    attack: Any,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float | None,
) -> Run:
    import foolbox

    # It takes any function of a tensor; a compiled one is faster.
    logits = tf.function(
        classifier.logits, input_signature=[classifier.images_spec()]
    )
    model = foolbox.models.TensorFlowModel(logits, bounds=one_pair(classifier))
    inputs = tf.constant(images, tf.float32)
    # Other integers fail inside, where labels are compared with an argmax.
    goals = tf.constant(labels, tf.int64)

    def run() -> np.ndarray:
        # As documented; judges what was made, as calling our attack does.
        _, clipped, _ = attack(model, inputs, goals, epsilons=epsilon)
        return clipped.numpy()

    return run


PEER = Peer("Foolbox 3", *_VERSIONS, _prepare)
# With the norm that is to be small; at its own settings but where said.
SMALLEST = {
    Peer("Foolbox 3 DeepFool", *_VERSIONS, _smallest("L2DeepFoolAttack")): "l2",
    Peer("Foolbox 3 DDN", *_VERSIONS, _smallest("DDNAttack")): "l2",
    Peer("Foolbox 3 FMN", *_VERSIONS, _smallest("L2FMNAttack")): "l2",
    Peer(
        "Foolbox 3 C&W 5 x 200",
        *_VERSIONS,
        _smallest("L2CarliniWagnerAttack", binary_search_steps=5, steps=200),
    ): "l2",
    Peer(
        "Foolbox 3 DeepFool linf", *_VERSIONS, _smallest("LinfDeepFoolAttack")
    ): "linf",
    Peer("Foolbox 3 FMN linf", *_VERSIONS, _smallest("LInfFMNAttack")): "linf",
    Peer("Foolbox 3 FMN l1", *_VERSIONS, _smallest("L1FMNAttack")): "l1",
    Peer("Foolbox 3 FMN l0", *_VERSIONS, _smallest("L0FMNAttack")): "l0",
}
