"""AdverTorch's L-BFGS, one by one and on joint batches."""

import functools

import numpy as np

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.benchmark.peers.peer import one_pair
from advkeras.classifier import Classifier

# Its c weighs cross-entropy beside |r|^2: our 1 / c. It starts here, by
# default, multiplies by 10 until an image succeeds, then bisects c itself.
INITIAL_CONST = 1e-2
# For m1 and conv-mnist most c lie within 0.1 to 1: three steps to get there,
# and seven that leave 0.9 / 2^7, which is 2 % of 0.4, the typical c. (With
# its default of 9 it is 4 %.)
BINARY_SEARCH_STEPS = 10
# Its default, and ours; for a joint batch, of all its images together.
MAX_ITERATIONS = 100
# Images that one solver works on together.
JOINT = 10


def _prepare(
    batch_size: int,
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    targets: np.ndarray,
) -> Run:
    import torch

    from advkeras.benchmark.peers import replica
    from advkeras.benchmark.peers import shims
    from advkeras.benchmark.peers import threads

    del labels
    with shims.old_names():
        from advertorch.attacks import LBFGSAttack

    lower, upper = one_pair(classifier)
    attack = LBFGSAttack(
        replica.replicate(classifier),
        num_classes=classifier.num_classes,
        batch_size=batch_size,
        binary_search_steps=BINARY_SEARCH_STEPS,
        max_iterations=MAX_ITERATIONS,
        # |r|^2 is in the units of the images here.
        initial_const=INITIAL_CONST * (upper - lower) ** 2,
        clip_min=lower,
        clip_max=upper,
        targeted=True,
    )
    batches = list(
        zip(
            torch.tensor(images).split(batch_size),
            torch.tensor(targets).split(batch_size),
            strict=True,
        )
    )

    def run() -> np.ndarray:
        return torch.cat([attack.perturb(*batch) for batch in batches]).numpy()

    return threads.one_for_blas(run)


def _peer(name: str, batch_size: int) -> Peer:
    return Peer(
        name,
        "advertorch",
        ">=0.2.3,<0.3",
        functools.partial(_prepare, batch_size),
        # SciPy 1.18 no longer takes the `iprint` that it passes.
        (("torch", ""), ("scipy", "<1.18")),
        slow=batch_size == 1,
        extra="benchmark-lbfgs",
    )


ONE_BY_ONE = _peer("AdverTorch", 1)
IN_BATCHES = _peer(f"AdverTorch {JOINT} at once", JOINT)
