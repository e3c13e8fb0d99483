"""Agreement: of a true lift, and of one that was made wrong in one place."""

import dataclasses
import importlib
import json

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.edge.lift import read
from advkeras.edge.lift.agreement import agreement
from advkeras.edge.lift.model import as_program
from tests.edge import dense

SHAPE = (8, 8, 3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((20, *SHAPE), np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory, images):
    """A small convolutional net in its variants: name -> path."""
    keras.utils.set_random_seed(0)
    given = keras.Input(SHAPE)
    values = layers.Conv2D(6, 3, activation="relu")(given)
    values = layers.MaxPool2D(2)(values)
    values = layers.Conv2D(8, 3, padding="same", activation="relu")(values)
    values = layers.GlobalAveragePooling2D()(values)
    values = layers.Dense(4)(values)
    folder = tmp_path_factory.mktemp("agreement")
    names = ("float32", "float16", "int8", "int8-float-io")
    return ak.edge.export(keras.Model(given, values), folder, names, images)


@pytest.mark.parametrize("name", ["float32", "float16"])
def test_floats_agree(files, images, name):
    found = agreement(files[name], images, inspected=5)
    assert found.parted is None
    assert (found.n, found.inspected) == (20, 5)
    assert found.constant == (0 if name == "float32" else 5)
    assert found.version.startswith("ai_edge_litert")
    (output,) = found.outputs
    assert (output.top_1.count, output.top_1.n) == (20, 20)
    assert output.shape == (-1, 4) and output.scale is None
    assert output.difference.relative < 1e-5
    assert output.difference.values == 80
    for one in found.operators:
        assert one.difference.relative < 1e-5
        assert one.alone.relative < 1e-5


@pytest.mark.parametrize("runtime", ["litert", "litert-reference", "tflm"])
def test_integers_agree_within_a_step(files, images, runtime):
    found = agreement(files["int8"], images, runtime, inspected=8)
    assert found.runtime == runtime
    assert found.parted_alone is None
    names = [one.name for one in found.operators]
    assert names[:3] == ["CONV_2D", "MAX_POOL_2D", "CONV_2D"]
    assert names[-1] == "FULLY_CONNECTED"
    first = found.operators[0]
    assert first.shape == (-1, 6, 6, 6) and first.dtype == "int8"
    assert first.scale > 0 and first.zero_point == -128
    for one in found.operators:
        assert one.alone.largest <= 1
        assert one.difference.within_2 > 0.99
    (output,) = found.outputs
    assert output.difference.largest <= 2
    assert output.top_1.value >= 0.9


def test_floats_that_were_integers_are_counted_in_steps(files, images):
    found = agreement(files["int8-float-io"], images)
    assert [found.operators[i].name for i in (0, -1)] == [
        "QUANTIZE",
        "DEQUANTIZE",
    ]
    (output,) = found.outputs
    assert output.dtype == "float32" and output.scale > 0
    assert output.difference.largest in (0, 1, 2)


@pytest.mark.parametrize("name", ["float32", "int8"])
@pytest.mark.parametrize("place", ["CONV_2D", "FULLY_CONNECTED"])
def test_the_first_operator_that_is_wrong_is_found(files, images, name, place):
    """The last of its kind has weights of the other sign."""
    graph = read(files[name])
    wrong = [op for op in graph.operators if op.name == place][-1]
    weights = wrong.inputs[1]
    other = dataclasses.replace(weights, data=-weights.data)
    changed = dataclasses.replace(
        graph,
        tensors=tuple(other if t is weights else t for t in graph.tensors),
    )
    found = agreement(as_program(changed), images, inspected=8)
    assert found.parted.index == found.parted_alone.index == wrong.index
    assert found.parted.name == place
    assert found.to_json()["parted"] == wrong.index
    alone = [one.index for one in found.operators if one.alone.parted]
    assert alone == [wrong.index]


def test_batches_do_not_change_the_answer(files, images, monkeypatch):
    whole = agreement(files["int8"], images).to_json()
    # By its name: the function hides the module.
    module = importlib.import_module("advkeras.edge.lift.agreement")
    monkeypatch.setattr(module, "_MOST_IMAGES", 3)
    assert agreement(files["int8"], images).to_json() == whole


@pytest.mark.parametrize("runtime", ["litert", "litert-reference"])
def test_halves_of_a_mean_are_rounded_as_kernels_do(images, tmp_path, runtime):
    net = keras.Sequential(
        [keras.Input(SHAPE), layers.AveragePooling2D(2), layers.Flatten()]
    )
    (file,) = ak.edge.export(net, tmp_path, "int8", images).values()
    found = agreement(file, images, runtime)
    assert found.operators[0].name == "AVERAGE_POOL_2D"
    assert found.operators[0].difference.largest == 0


def test_json_holds_all(files, images):
    found = agreement(files["int8"], images, inspected=2)
    values = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert values["parted_alone"] is None
    assert values["outputs"][0]["top_1"]["n"] == 20
    assert len(values["operators"]) == len(found.operators)
    assert values["operators"][0]["difference"]["values"] == 2 * 6 * 6 * 6


@pytest.mark.parametrize("name", ["int8", "uint8", "one"])
def test_a_dense_layer(dense_files, name):
    found = agreement(dense_files[name], dense.images(30))
    assert found.parted is None
    assert found.outputs[0].difference.largest <= 1


@pytest.mark.parametrize(
    ("name", "ranks"), [("two outputs", [2, 2]), ("image", [4])]
)
def test_files_that_are_no_classifiers(no_classifiers, name, ranks):
    found = agreement(no_classifiers[name], dense.images(10))
    assert found.parted is None
    assert [len(one.shape) for one in found.outputs] == ranks
    for one in found.outputs:
        assert (one.top_1 is None) == (len(one.shape) == 4)
        assert one.difference.relative < 1e-5


def test_two_inputs(no_classifiers):
    images = dense.images(10)
    path = no_classifiers["two inputs"]
    for given in (images, [images, images[::-1]]):
        found = agreement(path, given)
        assert found.parted is None
        assert found.outputs[0].top_1.count == 10


def test_wrong_input(dense_files):
    images = dense.images(2)
    with pytest.raises(ValueError, match=r"shape \(n, 4, 4, 1\)"):
        agreement(dense_files["int8"], images[0])
    with pytest.raises(ValueError, match="`runtime` must be one of"):
        agreement(dense_files["int8"], images, "device:no.json")
    with pytest.raises(ValueError, match="`inspected` must be a whole"):
        agreement(dense_files["int8"], images, inspected=0)
    with pytest.raises(ValueError, match=r"`path` must be a whole \.tflite"):
        agreement("missing.tflite", images)


def test_the_function_and_its_package_have_one_name(dense_files):
    assert callable(ak.edge.lift)
    assert ak.edge.agreement is agreement
    from advkeras.edge.lift.graph import Graph

    assert isinstance(read(dense_files["int8"]), Graph)
    scores = ak.edge.lift(dense_files["int8"]).predict(dense.images(2))
    assert scores.shape == (2, dense.CLASSES)
