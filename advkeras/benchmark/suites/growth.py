"""How the cost of L-BFGS grows with pixels, classes and parameters."""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from advkeras.attacks import LBFGS
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 3
_PASSES = 20  # a single gradient is soon disturbed

# Side of a square image, classes, units of the two hidden layers.
_FIRST = (28, 10, 100)
_NETS = {
    "784 pixels, 10 classes, 100 units": _FIRST,
    "3,136 pixels": (56, 10, 100),
    "12,544 pixels": (112, 10, 100),
    "100 classes": (28, 100, 100),
    "1,000 classes": (28, 1000, 100),
    "400 units": (28, 10, 400),
    "1,600 units": (28, 10, 1600),
}


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times LBFGS() on untrained dense nets that differ in one thing each.

    What a gradient costs beside the bare one is the same for trained nets;
    how many it takes is not.

    Args:
        classifier: Not looked at, nor is the data: a net has but one size.
        data: Likewise.
        options: How much is measured.

    Returns:
        A row for each net; its floor is that net's own bare gradient.
    """
    del classifier, data
    random = np.random.default_rng(options.seed)
    return [
        _row(name, *net, options=options, random=random)
        for name, net in _NETS.items()
    ]


def _row(
    name: str,
    side: int,
    classes: int,
    units: int,
    options: Options,
    random: np.random.Generator,
) -> Row:
    n, repeats = options.examples, options.repeats or REPEATS
    classifier = Classifier(_net(side, classes, units, options.seed))
    images = random.random((n, side, side, 1), np.float32)
    # The runner-up: of an untrained net other classes may be out of reach.
    scores = np.asarray(classifier.logits(images))
    labels, targets = scores.argsort(axis=1)[:, :-3:-1].T
    attack, gradient = LBFGS(), bare.gradient(classifier)
    batch = min(n, attack.default_batch_size)
    one = tf.constant(images[:batch]), tf.constant(targets[:batch])
    found = attack(classifier, images, labels, targets)
    gradient(*one)
    floors, seconds = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(_PASSES):
            gradient(*one)
        floors.append((time.perf_counter() - start) / _PASSES / batch)
        start = time.perf_counter()
        attack(classifier, images, labels, targets)
        seconds.append((time.perf_counter() - start) / n)
    floor, median = statistics.median(floors), statistics.median(seconds)
    evaluations = float(np.mean(np.asarray(found.gradient_evaluations)))
    return Row(
        name,
        __version__,
        n,
        repeats,
        median,
        to_floor=median / floor,
        success=float(found.success.mean()),
        distortion=float(found.distortion.mean()),
        evaluations=evaluations,
        to_gradients=median / evaluations / floor,
    )


def _net(side: int, classes: int, units: int, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    dense = keras.layers.Dense
    return keras.Sequential(
        [
            keras.Input((side, side, 1)),
            keras.layers.Flatten(),
            dense(units, "sigmoid"),
            dense(units, "sigmoid"),
            dense(classes),
        ]
    )
