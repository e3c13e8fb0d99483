"""AutoAttack in its standard version, in linf."""

import numpy as np

from advkeras import channels
from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier


def _prepare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: channels.Amount,
) -> Run:
    from pyautoattack import AutoAttack

    from advkeras.benchmark.peers import counted

    if isinstance(epsilon, tuple):
        raise ValueError(
            "`epsilon` must be the same in all channels for this peer. "
            f"Received: epsilon={epsilon}"
        )
    lower, upper = one_pair(classifier)
    # The standard version aims at nine classes, if there are as many.
    classes = min(9, classifier.num_classes - 1)

    def attack(model: counted.Counted, inputs: object, goals: object) -> object:
        adversary = AutoAttack(
            model, norm="Linf", eps=epsilon / (upper - lower), seed=0
        )
        adversary.apgd_targeted.n_target_classes = classes
        adversary.fab.n_target_classes = classes
        found, _ = adversary.run_standard_evaluation(
            inputs, goals, batch_size=len(images)
        )
        return found

    return counted.attacking(attack, classifier, images, labels)


PEER = Peer(
    "AutoAttack",
    "pyautoattack",
    ">=0.2,<0.3",
    _prepare,
    (("torch", ""),),
    extra="benchmark-torch",
)
