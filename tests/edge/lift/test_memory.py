"""What was made of a classifier goes away with it."""

import gc
import multiprocessing

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak

IMAGES = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)


def of_keras(variants):
    del variants
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    return ak.Classifier(model)


def of_tflite(variants):
    return ak.load(variants["int8"])


def attacked(make, variants, count):
    """Makes, attacks and drops classifiers, one after the other."""
    attack = ak.attacks.PGD(epsilon=0.1, steps=2)
    for _ in range(count):
        attack(make(variants), IMAGES)
    gc.collect()


def graphs():
    """Returns how many graphs of TensorFlow there are."""
    kind = type(tf.function(lambda: 0).get_concrete_function().graph)
    gc.collect()
    return sum(type(thing) is kind for thing in gc.get_objects())


def megabytes():
    """Returns the memory that the process holds now."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmRSS"].split()[0]) / 1024


@pytest.mark.parametrize("make", [of_keras, of_tflite])
def test_no_graph_stays(make, variants):
    attacked(make, variants, 1)
    before = graphs()
    attacked(make, variants, 2)
    assert graphs() <= before


def growth(make, variants):
    """Returns the megabytes that 40 more take than 20, of this process."""
    attacked(make, variants, 20)
    before = megabytes()
    attacked(make, variants, 40)
    return megabytes() - before


@pytest.mark.slow
@pytest.mark.parametrize("make", [of_keras, of_tflite])
def test_many_take_no_more_memory_than_some(make, variants):
    # What other tests left in their process is no part of the answer.
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        # 3.9 MB a file, once, which was 156; allocators keep some of their own.
        assert fresh.apply(growth, (make, variants)) < 110
