"""Broken files end in one line, never in a crash, a hang or all memory."""

import collections
import concurrent.futures
import json
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from advkeras.edge.lift.operators import pooling
from tests.edge import dense
from tests.edge.lift import mutants
from tests.mutations import mutated

SECONDS = 20  # for one file
BYTES = 1 << 30  # for all files of a process
SHAPE = (8, 8, 3)


@pytest.fixture(scope="module")
def whole():
    """The bytes of a small int8 net's file, the same ones in every run."""
    keras.utils.set_random_seed(0)
    # By names of their own: Keras counts others, and names are in the file.
    values = given = keras.Input(SHAPE, name="images")
    for layer in (
        layers.Conv2D(4, 3, padding="same", activation="relu", name="a"),
        layers.DepthwiseConv2D(3, 2, dilation_rate=1, name="b"),
        layers.MaxPooling2D(2, padding="same", name="c"),
        layers.Flatten(name="d"),
        layers.Dense(5, activation="softmax", name="e"),
    ):
        values = layer(values)
    net = keras.Model(given, values, name="net")
    images = np.random.default_rng(0).random((20, *SHAPE), np.float32)
    return dense.convert(net, images, tf.int8)


def run(paths):
    """Lifts files in another process; returns what it says of each."""
    command = [sys.executable, "-m", mutants.__name__, *map(str, paths)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=60 + 2 * len(paths)
        )
        said, why = done.stdout, f"crashed: {done.returncode}"
    except subprocess.TimeoutExpired as error:
        said, why = error.stdout or b"", "no answer"
    found = {}
    for line in said.splitlines():
        one = json.loads(line)
        # The last one is left so if nothing more is said of it.
        found[one["path"]] = {"end": why, "seconds": 0, "bytes": 0, **one}
    return found


def fuzz(folder, whole, n, seed, processes):
    """Returns how many files ended in what way."""
    paths = []
    for i, content in enumerate([whole, *mutated([whole], n, seed)]):
        paths.append(folder / f"{i}.tflite")
        paths[-1].write_bytes(content)
    # The whole one first, with which each process warms up.
    parts = [[paths[0], *paths[1 + i :: processes]] for i in range(processes)]
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        found = {k: v for part in pool.map(run, parts) for k, v in part.items()}
    assert found[str(paths[0])]["end"] == "ran"
    wrong = {
        path: one
        for path, one in found.items()
        if not one["end"].startswith(("ran", "said why"))
        or one["seconds"] > SECONDS
        or one["bytes"] > BYTES
    }
    assert not wrong
    assert len(found) == n + 1
    return collections.Counter(
        one["end"].split(":")[0] for one in found.values()
    )


def test_some_broken_files(tmp_path, whole):
    ends = fuzz(tmp_path, whole, 15, seed=0, processes=1)
    assert ends["ran"] < 25 and ends["said why"] > 5


@pytest.mark.slow
def test_many_broken_files(tmp_path, whole):
    ends = fuzz(tmp_path, whole, 200, seed=1, processes=2)
    assert ends["ran"] < 150 and ends["said why"] > 50


@pytest.mark.parametrize("sides", [(2, 1 << 30), (1 << 30, 2)])
def test_a_window_that_tensorflow_s_kernels_crash_at(sides):
    pool = types.SimpleNamespace(
        options={
            "filterHeight": sides[0],
            "filterWidth": sides[1],
            "strideH": 2,
            "strideW": 2,
            "padding": 0,
        }
    )
    with pytest.raises(ValueError, match=f"{sides[0]} x {sides[1]}"):
        pooling.max_pool_2d(pool, [np.zeros((1, 3, 3, 1), np.float32)])
