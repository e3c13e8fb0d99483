"""Threads that share a classifier: do they get what one alone would get?"""

import concurrent.futures
import random

import numpy as np

import advkeras as ak
from tests.campaigns.row import Row

WHOLE = 2000  # calls
THREADS = 4
_ROUND = 40  # calls to one classifier, new and so untraced
# Name -> what a thread asks of a classifier, of images and a seed.
CALLS = {
    "predict": lambda model, images, seed: model.predict(images),
    "FGSM": lambda model, images, seed: (
        ak.attacks.FGSM(0.1)(model, images, seed=seed).images
    ),
    "PGD": lambda model, images, seed: (
        ak.attacks.PGD(0.1, steps=3, random_start=True)(
            model, images, seed=seed
        ).images
    ),
    "L-BFGS": lambda model, images, seed: (
        ak.attacks.LBFGS(max_iterations=5)(model, images, seed=seed).images
    ),
}


def run(share, seed, folder):
    """Asks from threads what was asked alone; see `tests.campaigns`."""
    network = ak.models.build("fc100-100-10", seed=seed)
    path = ak.edge.export(network, folder, ("float32",))["float32"]
    makers = {
        "a Keras model": lambda: ak.Classifier(network),
        "a .tflite file": lambda: ak.load(path, bounds=(0.0, 1.0)),
    }
    dice = random.Random(seed)
    rounds = max(1, round(share * WHOLE / len(makers) / _ROUND))
    return [
        Row(
            f"{THREADS} threads, calls to {name}",
            rounds * _ROUND,
            tuple(x for _ in range(rounds) for x in failures(make, dice)),
        )
        for name, make in makers.items()
    ]


def failures(make, dice):
    """Returns what threads got that one alone did not get."""
    calls = [
        (name, dice.choice([1, 3, 8]), dice.randrange(1 << 30))
        for name in dice.choices(list(CALLS), k=_ROUND)
    ]
    alone = make()
    expected = [answer(alone, *call) for call in calls]
    shared = make()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(answer, shared, *call) for call in calls]
    wrong = []
    for call, future, wanted in zip(calls, futures, expected, strict=True):
        if error := future.exception():
            wrong.append(f"{call}: {type(error).__name__}: {error}")
        elif not np.array_equal(future.result(), wanted):
            wrong.append(f"{call}: another answer")
    return wrong


def answer(model, name, n, seed):
    images = np.random.default_rng(seed).random((n, 28, 28, 1), np.float32)
    return CALLS[name](model, images, seed)
