"""Foolbox 2.4's L-BFGS, the last that Foolbox had."""

import numpy as np

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier

# Tolerance of its search for c, absolute; it starts at twice that. Its c weighs
# cross-entropy beside the mean square of r: our 1 / c over the number of
# pixels, about 5e-4 for m1 and conv-mnist, so that its default is 2 %.
EPSILON = 1e-5
# Its default. A solver stops before, by the fall of the objective.
MAX_ITERATIONS = 150


def _prepare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    targets: np.ndarray,
) -> Run:
    from advkeras.benchmark.peers import replica
    from advkeras.benchmark.peers import shims
    from advkeras.benchmark.peers import threads

    with shims.old_names():
        import foolbox

        # Looks for `collections.Mapping` when it is made.
        model = foolbox.models.PyTorchModel(
            replica.replicate(classifier),
            bounds=one_pair(classifier),
            num_classes=classifier.num_classes,
            channel_axis=3,
            device="cpu",
        )

    def attack(image: np.ndarray, label: int, target: int) -> np.ndarray:
        found = foolbox.v1.attacks.LBFGSAttack(
            model, foolbox.criteria.TargetClass(target)
        )(image, label=label, epsilon=EPSILON, maxiter=MAX_ITERATIONS)
        return image if found is None else found

    def run() -> np.ndarray:
        goals = zip(images, labels.tolist(), targets.tolist(), strict=True)
        return np.stack([attack(*goal) for goal in goals])

    return threads.one_for_blas(run)


PEER = Peer(
    "Foolbox 2",
    "foolbox",
    "==2.4.0",
    _prepare,
    (("torch", ""),),
    slow=True,
    extra="benchmark-lbfgs",
)
