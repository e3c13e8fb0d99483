"""What tests of the edge share: small .tflite files, and what they do."""

import os
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.edge.export import export
from advkeras.edge.runtimes import known
from tests.edge import dense


@pytest.fixture(scope="session")
def variants(tmp_path_factory, classifiers, digits):
    """The variants of the small deep net, trained on digits: name -> path."""
    names = ("float32", "float16", "dynamic", "int8")
    folder = tmp_path_factory.mktemp("variants")
    return dict(export(classifiers["deep"], folder, names, digits.images[:100]))


@pytest.fixture(scope="session")
def dense_files(tmp_path_factory):
    """One dense layer in its forms: "float32", "int8", "uint8", ..."""
    folder = tmp_path_factory.mktemp("dense")
    model = dense.model()
    images = dense.images(64)
    wide = keras.Sequential(
        [keras.Input(dense.SHAPE), layers.Rescaling(1 / 255), model]
    )
    contents = {
        "float32": dense.convert(model),
        "int8": dense.convert(model, images, tf.int8),
        "uint8": dense.convert(model, images, tf.uint8),
        "one": dense.convert(model, images, tf.int8, batch=1),
        "three": dense.convert(model, images, tf.int8, batch=3),
        "wide": dense.convert(wide, 255 * images, tf.int8),
    }
    paths = {}
    for name, content in contents.items():
        paths[name] = folder / f"{name}.tflite"
        paths[name].write_bytes(content)
    return paths


@pytest.fixture(scope="session")
def litertjs():
    """The name of the runtime, where it is on this machine."""
    missing = known.HERE["litertjs"].missing
    if missing and os.environ.get("CI") and shutil.which("npm"):
        pytest.fail("make litertjs was not run")
    if missing:
        pytest.skip(f"needs LiteRT.js: make litertjs; without {missing}")
    return "litertjs"


@pytest.fixture(scope="session")
def no_classifiers(tmp_path_factory):
    """Files that are no image classifiers: name -> path."""
    folder = tmp_path_factory.mktemp("others")
    one, other = keras.Input(dense.SHAPE), keras.Input(dense.SHAPE)
    scores = dense.model()
    index = layers.Input((), dtype="int32")
    models = {
        "two inputs": keras.Model([one, other], scores(one) + scores(other)),
        "two outputs": keras.Model(one, [scores(one), 2 * scores(one)]),
        "image": keras.Model(one, layers.Conv2D(1, 3)(one)),
        "number": keras.Model(index, layers.Embedding(4, 3)(index)),
        "all as one": keras.Model(
            one, keras.ops.reshape(keras.ops.sum(scores(one), 0), (1, 3))
        ),
    }
    paths = {}
    for name, model in models.items():
        paths[name] = folder / f"{name}.tflite"
        paths[name].write_bytes(dense.convert(model))
    return paths


@pytest.fixture(scope="session")
def many_classes(tmp_path_factory):
    """A float net that gives each of its 1000 classes a score."""
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1000)]
    )
    path = tmp_path_factory.mktemp("many") / "many.tflite"
    path.write_bytes(dense.convert(model))
    return path


@pytest.fixture(scope="session")
def fooled(classifiers, digits_500):
    """What FGSM finds on the small deep net: an AttackResult on digits."""
    images, labels = digits_500
    return ak.attacks.FGSM(epsilon=0.1)(classifiers["deep"], images, labels)


@pytest.fixture(scope="session")
def digits_500():
    """Images and labels of 500 test digits."""
    return ak.datasets.load("mnist5k", "test").sample(500, seed=0)


@pytest.fixture(scope="session")
def broken_file(tmp_path_factory, variants):
    """A .tflite file that lost its second half."""
    content = variants["int8"].read_bytes()
    path = tmp_path_factory.mktemp("broken") / "broken.tflite"
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.fixture
def noise():
    """Images for the nets of digits, float32 within 0 .. 1."""
    return np.random.default_rng(0).random((20, 28, 28, 1), np.float32)
