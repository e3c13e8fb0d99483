"""Model files as Keras 2 wrote them, written by hand from a Keras 3 model."""

import json
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak

SHAPE = (8, 8, 2)
SNAKES = {
    "Add": "add",
    "BatchNormalization": "batch_normalization",
    "Conv2D": "conv2d",
    "Dense": "dense",
    "DepthwiseConv2D": "depthwise_conv2d",
    "Flatten": "flatten",
    "Functional": "functional",
    "InputLayer": "input_layer",
    "LeakyReLU": "leaky_re_lu",
}
INBOUND = {
    "image": [],
    "first": [[["image", 0, 0, {}]]],
    "inner": [[["first", 0, 0, {"training": False}]]],
    # A model inside another counts its calls from 1.
    "sum": [[["first", 0, 0, {}], ["inner", 1, 0, {}]]],
    "flat": [[["sum", 0, 0, {}]]],
    "hidden": [[["flat", 0, 0, {}]]],
    "logits": [[["hidden", 0, 0, {}]]],
    "features": [],
    "deep": [[["features", 0, 0, {}]]],
    "norm": [[["deep", 0, 0, {}]]],
    "leaky": [[["norm", 0, 0, {}]]],
}


def images():
    return np.random.default_rng(0).random((3, *SHAPE), np.float32)


def randomised(model):
    random = np.random.default_rng(1)
    model.set_weights(
        [random.uniform(0.1, 0.5, w.shape) for w in model.get_weights()]
    )
    return model


def inner_layers():
    return [
        layers.DepthwiseConv2D(3, padding="same", name="deep"),
        layers.BatchNormalization(name="norm"),
        layers.LeakyReLU(negative_slope=0.1, name="leaky"),
    ]


def outer_layers():
    return [
        layers.Flatten(name="flat"),
        layers.Dense(5, activation="relu", name="hidden"),
        layers.Dense(3, name="logits"),
    ]


@pytest.fixture(scope="module")
def sequential():
    first = layers.Conv2D(4, 3, padding="same", name="first")
    stack = [keras.Input(SHAPE), first, *inner_layers(), *outer_layers()]
    return randomised(keras.Sequential(stack, name="net"))


@pytest.fixture(scope="module")
def functional():
    """A network with another inside it, and a way around it."""
    x = inputs = keras.Input((8, 8, 4), name="features")
    for layer in inner_layers():
        x = layer(x)
    inner = keras.Model(inputs, x, name="inner")
    inputs = keras.Input(SHAPE, name="image")
    first = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = layers.Add(name="sum")([first, inner(first, training=False)])
    for layer in outer_layers():
        x = layer(x)
    return randomised(keras.Model(inputs, x, name="net"))


def old_layer(layer, **changes):
    """Returns the configuration that Keras 2 has for a layer."""
    if isinstance(layer, keras.Model):
        return old_model(layer)
    config = layer.get_config()
    kind = type(layer).__name__
    if kind == "InputLayer":
        shape = [None, *layer.batch_shape[1:]]
        config = {"name": layer.name, "dtype": "float32", "sparse": False}
        config |= {"batch_input_shape": shape, "ragged": False}
    else:
        config["dtype"] = "float32"
    if kind == "DepthwiseConv2D":
        config["groups"] = 1
    if kind == "BatchNormalization":
        config["axis"] = [3]
    if kind == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    if kind == "Dense":
        config["unheard_of"] = None
    return {"class_name": kind, "config": config | changes}


def old_model(model):
    stack = [old_layer(layer) for layer in model.layers]
    config = {"name": model.name, "layers": stack}
    if isinstance(model, keras.Sequential):
        # Keras 2 says the shape twice.
        stack[0]["config"]["batch_input_shape"] = [None, *SHAPE]
        config["layers"] = [old_layer(layers.InputLayer(SHAPE)), *stack]
        return {"class_name": "Sequential", "config": config}
    for layer in stack:
        layer["name"] = layer["config"]["name"]
        layer["inbound_nodes"] = INBOUND[layer["name"]]
    config["input_layers"] = [[stack[0]["name"], 0, 0]]
    config["output_layers"] = [[stack[-1]["name"], 0, 0]]
    return {
        "module": "keras.src.engine.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def write_h5(path, model, config=None):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.11.0"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config or old_model(model))
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = b"2.11.0"
        group.attrs["layer_names"] = [x.name.encode() for x in model.layers]
        for layer in model.layers:
            inner = group.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            names = [f"{w.path}:0".encode() for w in weights]
            inner.attrs["weight_names"] = names
            for name, weight in zip(names, weights, strict=True):
                inner[name.decode()] = weight.numpy()
    return path


def write_variables(group, model, container, doubled):
    """Writes layers by their kind and number; Keras 2.13 counts by two."""
    numbers = {}
    for layer in model.layers:
        kind = SNAKES[type(layer).__name__]
        number = numbers.get(kind, 0)
        numbers[kind] = number + (2 if doubled and layer.weights else 1)
        name = f"{kind}_{number}" if number else kind
        inner = group.create_group(f"{container}/{name}")
        if isinstance(layer, keras.Model):
            write_variables(inner, layer, container, doubled)
        variables = inner.create_group("vars")
        if not isinstance(layer, keras.Model):
            for index, weight in enumerate(layer.weights):
                variables[str(index)] = weight.numpy()


def write_keras(path, model, container, doubled):
    config = old_model(model) | {
        # An optimiser that Keras 3 does not have.
        "compile_config": {
            "optimizer": {
                "module": "keras.optimizers.legacy",
                "class_name": "SGD",
                "config": {"decay": 0.0},
            }
        }
    }
    weights = path.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        write_variables(file, model, container, doubled)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.13.1"}')
        archive.writestr("config.json", json.dumps(config))
        archive.write(weights, "model.weights.h5")
    return path


def check_same(loaded, model):
    """Checks outputs and gradients, by the same layers of Keras 3."""
    gradients = []
    for net in (loaded, model):
        x = tf.constant(images())
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = net(x, training=False)
        gradients.append(tape.gradient(outputs, x))
        np.testing.assert_allclose(
            outputs, model(x, training=False), rtol=1e-6, atol=1e-6
        )
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-6)
    assert loaded.input_shape == (None, *SHAPE)


@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_an_h5_file_of_keras_2(tmp_path, request, kind):
    model = request.getfixturevalue(kind)
    check_same(ak.models.load(write_h5(tmp_path / "net.h5", model)), model)


@pytest.mark.parametrize(
    ("container", "doubled"),
    [("_layer_checkpoint_dependencies", True), ("layers", False)],
)
@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_a_keras_archive_of_keras_2(
    tmp_path, request, kind, container, doubled
):
    model = request.getfixturevalue(kind)
    path = write_keras(tmp_path / "net.keras", model, container, doubled)
    check_same(ak.models.load(path), model)


def test_a_first_layer_that_stands_for_the_input(tmp_path, sequential):
    config = old_model(sequential)
    del config["config"]["layers"][0]
    path = write_h5(tmp_path / "net.h5", sequential, config)
    check_same(ak.models.load(path), sequential)


def test_the_door_takes_objects_of_ones_own(tmp_path, sequential):
    class Mine(layers.Dense):
        """A Dense by another name."""

    config = old_model(sequential)
    last = config["config"]["layers"][-1]
    last["class_name"] = "Mine"
    del last["config"]["unheard_of"]
    path = write_h5(tmp_path / "net.h5", sequential, config)
    own = {"Mine": Mine}
    check_same(ak.models.load(path, custom_objects=own), sequential)
    logits = ak.load(path, custom_objects=own, outputs="logits")
    np.testing.assert_allclose(
        logits.model(images()), sequential(images()), rtol=1e-6
    )


def refusal(path):
    with pytest.raises(ValueError, match="one that Keras can load") as caught:
        ak.models.load(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("layer", "change", "reason"),
    [
        (2, {"groups": 2}, "to DepthwiseConv2D: {'groups': 2}. Keras 2.11.0"),
        (-1, {"unheard_of": 1}, "passed to Dense: {'unheard_of': 1}"),
        (-1, {"activation": "hard_sigmoid"}, "another function in Keras 3"),
    ],
)
def test_what_is_not_the_same_in_keras_3(
    tmp_path, monkeypatch, sequential, layer, change, reason
):
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    config = old_model(sequential)
    config["config"]["layers"][layer]["config"].update(change)
    message = refusal(write_h5(tmp_path / "net.h5", sequential, config))
    assert reason in message
    assert "`pip install 'advkeras[legacy]'` runs it as it was)" in message


def test_a_lambda_layer_is_not_run(tmp_path, sequential):
    config = old_model(sequential)
    code = {"class_name": "Lambda", "config": {"name": "code"}}
    config["config"]["layers"].append(code)
    message = refusal(write_h5(tmp_path / "net.h5", sequential, config))
    assert "a Lambda layer, Python code, which is not run" in message


def test_layers_in_another_order_are_refused(tmp_path, monkeypatch, functional):
    """Weights go by order: the wrong ones would fit, and say nothing."""
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    config = old_model(functional)
    config["config"]["layers"][-3:] = config["config"]["layers"][:-4:-1]
    message = refusal(write_h5(tmp_path / "net.h5", functional, config))
    assert "Keras 3 puts the layers in another order" in message


def test_tf_keras_runs_what_keras_3_cannot(tmp_path):
    tf_keras = pytest.importorskip("tf_keras", reason="an optional extra")
    inputs = tf_keras.Input(SHAPE)
    x = tf_keras.layers.Flatten()(tf.nn.relu6(inputs / 0.5 - 1.0))
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(3)(x))
    for name in ("net.h5", "net.keras"):
        model.save(tmp_path / name)
        loaded = ak.models.load(tmp_path / name)
        assert isinstance(loaded, keras.Model)
        check_same(loaded, model)
