"""Two models have one fingerprint where they compute the same, and only so."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.models import architecture_sha256
from advkeras.models import weights_sha256
from advkeras.models.wrapped import FunctionModel


def net(activation="relu", dtype=None, flipped=False, name=None):
    """A small graph with two branches; Keras counts the names of layers up."""
    inputs = keras.Input((4, 4, 1), name=name)
    x = layers.Flatten()(inputs)
    a = layers.Dense(3, activation, kernel_initializer="ones")(x)
    b = layers.Dense(3, dtype=dtype, kernel_initializer="zeros")(x)
    pair = [b, a] if flipped else [a, b]
    found = layers.Subtract(name=name and "float32")(pair)
    return keras.Model(inputs, found)


def test_names_do_not_matter():
    same = [net(), net(), net(name="relu")]
    (kept,) = {architecture_sha256(model) for model in same}
    keras.backend.clear_session()  # names are counted from the start
    assert architecture_sha256(net()) == kept
    frozen = net()
    frozen.trainable = False
    frozen.compile("sgd", "mse")
    assert architecture_sha256(frozen) == kept


@pytest.mark.parametrize(
    "other",
    [{"activation": "gelu"}, {"dtype": "float16"}, {"flipped": True}],
)
def test_what_is_computed_matters(other):
    assert architecture_sha256(net(**other)) != architecture_sha256(net())


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file_is_the_model_that_was_written(tmp_path, suffix):
    model = ak.models.build("conv-mnist", seed=3)
    model.save(tmp_path / f"net{suffix}")
    loaded = [ak.load(tmp_path / f"net{suffix}", bounds=(0, 1)) for _ in "ab"]
    given = ak.Classifier(model, bounds=(0, 1)).fingerprint()
    assert [one.fingerprint() for one in loaded] == [given] * 2


def test_weights_as_they_are_now():
    classifier = ak.Classifier(ak.models.build("fc10", seed=0))
    before = classifier.fingerprint()
    weights = classifier.model.get_weights()
    classifier.model.set_weights([np.nextafter(w, 9) for w in weights])
    assert classifier.fingerprint() != before
    classifier.model.set_weights(weights)
    assert classifier.fingerprint() == before


def test_how_it_is_seen_matters():
    model = ak.models.build("fc10", seed=0)
    seen = [
        ak.Classifier(model),
        ak.Classifier(model, bounds=(0, 255)),
        ak.Classifier(model, levels=256),
    ]
    assert len({one.fingerprint() for one in seen}) == 3


def test_weights_that_keras_does_not_know():
    kernel = np.ones((16, 3), np.float32)

    def serve(images):
        return keras.ops.reshape(images, (-1, 16)) @ kernel

    spec = keras.KerasTensor((None, 4, 4, 1))
    model = FunctionModel(serve, spec, "served")
    assert weights_sha256(model) is None
    assert ak.Classifier(model).fingerprint() is None


class Own(keras.Model):
    """A model without a configuration that Keras could write."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def call(self, images):
        return self.scores(images)


def test_a_model_without_a_configuration():
    made = Own(net())
    made.build((None, 4, 4, 1))
    assert architecture_sha256(made) == architecture_sha256(Own(net()))
    assert architecture_sha256(made) != architecture_sha256(net())
    assert weights_sha256(made) == weights_sha256(net())


def test_a_tflite_file_and_its_runtime(tmp_path, digits):
    model = ak.models.build("fc10", seed=0)
    files = ak.edge.export(
        model, tmp_path, ("float32", "int8"), calibration=digits.images[:20]
    )
    prints = [
        ak.edge.TfliteClassifier(path, runtime=runtime).fingerprint()
        for path in files.values()
        for runtime in ("litert", "litert-reference")
    ]
    assert len(set(prints)) == 4
    again = ak.edge.TfliteClassifier(files["int8"]).fingerprint()
    assert again == prints[2]
