"""Attacks of other libraries, each ready to run on one of our classifiers.

Nothing of theirs is imported before a peer is prepared:

    for peer in FGSM_PEERS:
        if peer.missing() is None:
            run = peer.prepare(classifier, images, labels, epsilon)
            adversarial = run()
"""

from advkeras.benchmark.peers import adv_lib
from advkeras.benchmark.peers import advertorch
from advkeras.benchmark.peers import art
from advkeras.benchmark.peers import autoattack
from advkeras.benchmark.peers import cleverhans
from advkeras.benchmark.peers import foolbox2
from advkeras.benchmark.peers import foolbox3
from advkeras.benchmark.peers.peer import Peer

FGSM_PEERS = (foolbox3.PEER, art.PEER, cleverhans.PEER)
LBFGS_PEERS = (foolbox2.PEER, advertorch.ONE_BY_ONE, advertorch.IN_BATCHES)
# Each with the norm of the change that is to be small.
MINIMUM_PEERS = {**foolbox3.SMALLEST, **adv_lib.SMALLEST, **art.SMALLEST}
BUDGET_PEERS = (autoattack.PEER,)

EVERYONE = (*FGSM_PEERS, *LBFGS_PEERS, *MINIMUM_PEERS, *BUDGET_PEERS)

__all__ = [
    "BUDGET_PEERS",
    "EVERYONE",
    "FGSM_PEERS",
    "LBFGS_PEERS",
    "MINIMUM_PEERS",
    "Peer",
]
