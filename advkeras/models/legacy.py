"""Model files of Keras 2: rebuilt in Keras 3, or else run by `tf_keras`."""

import copy
import importlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import tensorflow as tf
from packaging import version

from advkeras.models import translation
from advkeras.models.wrapped import FunctionModel

# The groups of layers in the archives of Keras 2.12 to 2.13, and since.
_OLD_LAYERS, _LAYERS = "_layer_checkpoint_dependencies", "layers"


def is_old(path: Path) -> bool:
    """Returns whether a Keras before 3 wrote a .keras or .h5 file.

    Raises:
        ValueError: The file holds no model.
    """
    return version.parse(_read(path)[0]).major < 3


def load(path: Path, custom_objects: Mapping | None = None) -> keras.Model:
    """Loads a model file of Keras 2, with the weights and outputs it had.

    Raises:
        ValueError: Keras 3 cannot have the same model, and there is no
            `tf_keras` to run it.
    """
    written_by, config = _read(path)
    custom = dict(custom_objects or {})
    _refuse_code(config)
    try:
        return _rebuild(path, translation.translate(config, custom), custom)
    except Exception as error:
        # Keras fails in many ways on what it does not know.
        try:
            # Not a dependency: an extra of the package.
            tf_keras = importlib.import_module("tf_keras")
        except ImportError:
            reason = str(error).rstrip(".")
            raise ValueError(
                f"{reason}. Keras {written_by} wrote the file, and Keras 3 "
                "cannot have the same model; "
                "`pip install 'advkeras[legacy]'` runs it as it was"
            ) from error
    return _run(path, tf_keras, custom)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Returns the version of Keras that wrote a file, and its model."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            written_by = json.loads(archive.read("metadata.json"))
            config = archive.read("config.json")
        return written_by["keras_version"], json.loads(config)
    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            if "layer_names" in file.attrs or {_LAYERS, _OLD_LAYERS} & {*file}:
                raise ValueError(
                    "it holds weights only, no layers: build the model, "
                    "call its `load_weights`, and save the whole by `save`"
                )
            raise ValueError("it holds no Keras model")
        config = file.attrs["model_config"]
        written_by = file.attrs.get("keras_version", "1")
    return _text(written_by), json.loads(_text(config))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _rebuild(path: Path, config: dict, custom: dict) -> keras.Model:
    # Keras empties the configuration that it is given.
    model = keras.saving.deserialize_keras_object(copy.deepcopy(config), custom)
    _check_order(model, config)
    if path.suffix != ".keras":
        model.load_weights(path)
        return model
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "model.weights.h5"
        weights.write_bytes(_weights(path))
        model.load_weights(weights)
    return model


def _check_order(model: keras.Model, config: dict) -> None:
    """Refuses layers in another order: weights go to layers by their order."""
    layers = config["config"].get("layers")
    if not isinstance(layers, list):
        return
    if config["class_name"] == "Sequential":
        layers = [x for x in layers if x["class_name"] != "InputLayer"]
    names = [layer["config"]["name"] for layer in layers]
    if [layer.name for layer in model.layers] != names:
        raise ValueError("Keras 3 puts the layers in another order.")
    for layer, inner in zip(model.layers, layers, strict=True):
        _check_order(layer, inner)


def _weights(path: Path) -> bytes:
    """Returns the weights of an archive, under the names of Keras 2.15."""
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.weights.h5")
    renamed = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as file, h5py.File(renamed, "w") as to:
        if _OLD_LAYERS not in file:
            return content
        _copy(file, to)
    return renamed.getvalue()


def _copy(group: h5py.Group, to: h5py.Group) -> None:
    for name, item in group.items():
        if name == _OLD_LAYERS:
            layers = to.create_group(_LAYERS)
            for number, old in _numbered(item):
                _copy(item[old], layers.create_group(number))
        elif isinstance(item, h5py.Group):
            _copy(item, to.require_group(name))
        else:
            group.copy(name, to)


def _numbered(layers: h5py.Group) -> list[tuple[str, str]]:
    """Returns new and old names of layers: dense, dense_1, dense_2.

    Keras 2.13 counts a layer that has weights twice: dense, dense_2, dense_4.
    """
    kinds: dict[str, list[tuple[int, str]]] = {}
    for name in layers:
        kind, number = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()  # type: ignore[union-attr]
        kinds.setdefault(kind, []).append((int(number or 0), name))
    return [
        (f"{kind}_{count}" if count else kind, name)
        for kind, names in kinds.items()
        for count, (_, name) in enumerate(sorted(names))
    ]


def _refuse_code(config: Any) -> None:
    """Refuses Python code, which `tf_keras` would run out of an .h5 file."""
    if isinstance(config, list):
        for item in config:
            _refuse_code(item)
    if not isinstance(config, dict):
        return
    if config.get("class_name") in ("Lambda", "__lambda__"):
        raise ValueError(
            "it has a Lambda layer, Python code, which is not run out of a "
            "file; export the model as a SavedModel"
        )
    for item in config.values():
        _refuse_code(item)


def _run(path: Path, tf_keras: Any, custom: dict) -> keras.Model:
    """Returns a model file run by `tf_keras`, behind the face of Keras 3."""
    if path.suffix != ".keras":
        model = tf_keras.models.load_model(path, custom, compile=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            renamed = Path(folder) / path.name
            _copy_for_tf_keras(path, renamed)
            model = tf_keras.models.load_model(renamed, custom, compile=False)
    (tensor,) = model.inputs
    spec = tf.TensorSpec(tensor.shape, tensor.dtype)
    return FunctionModel(
        lambda images: model(images, training=False), spec, path.stem
    )


def _copy_for_tf_keras(path: Path, to: Path) -> None:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(to, "w") as renamed:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                # The same modules, in the package of their new name.
                content = content.replace(
                    b'"module": "keras.', b'"module": "tf_keras.'
                )
            elif name == "model.weights.h5":
                content = _weights(path)
            renamed.writestr(name, content)
