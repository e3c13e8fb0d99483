"""The configuration of a Keras 2 model, in the words of Keras 3."""

import inspect
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

import keras

# Where Keras 3 itself says that its models are.
_MODELS = {
    "Sequential": ("keras", "Sequential"),
    "Functional": ("keras.src.models.functional", "Functional"),
    "Model": ("keras.src.models.functional", "Functional"),
}
# What Keras 2 wrote for layers that do nothing of the kind. None is always so.
_NEUTRAL = {
    "groups": 1,
    "ragged": False,
    "softmax_robust_masking": False,
    "time_major": False,
}
# What says how a layer was built or computed, but not what it computes.
_IDLE = {
    "batch_input_shape",
    "implementation",
    "key_shape",
    "query_shape",
    "rng_type",
    "trainable",
    "value_shape",
}
# How weights begin and are kept small in training, even those that are not.
_TRAINING = ("_initializer", "_regularizer", "_constraint")
_RENAMED = {
    ("InputLayer", "batch_input_shape"): "batch_shape",
    ("LeakyReLU", "alpha"): "negative_slope",
}


def translate(model: Mapping, custom: Collection[str] = ()) -> dict[str, Any]:
    """Returns the configuration with which Keras 3 builds the same model.

    Args:
        model: The configuration of a model, as in a file of Keras 2.
        custom: Names of the caller's own classes, which are left as they are.

    Raises:
        ValueError: The same words mean another thing in Keras 3.
    """
    translated = _object(model, frozenset(custom))
    names = _names_with_slashes(translated)
    return _rename(translated, names) if names else translated


def _any(value: Any, custom: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_any(item, custom) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") in ("Policy", "PolicyV1"):
        return value["config"]["name"]  # a dtype
    if "class_name" in value and "config" in value:
        return _object(value, custom)
    return {key: _any(item, custom) for key, item in value.items()}


def _object(value: Mapping, custom: frozenset[str]) -> dict[str, Any]:
    name, config = value["class_name"], value["config"]
    # Not for inference, and of optimisers that Keras 3 does not have.
    kept = {k: v for k, v in value.items() if k != "compile_config"}
    if name in custom or str(value.get("registered_name")) in custom:
        return kept
    if name in _MODELS:
        module, name = _MODELS[name]
        if isinstance(config, list):  # before Keras 2.2.3
            config = {"name": "sequential", "layers": config}
        config = {key: _any(item, custom) for key, item in config.items()}
        if name == "Sequential":
            config["layers"] = [
                *_missing_input(value["config"]),
                *config["layers"],
            ]
        elif "layers" in config:
            config = _graph(config)
        place = {"module": module, "class_name": name, "registered_name": name}
        return kept | place | {"config": config}
    if _is_layer(value):
        kept.pop("build_config", None)  # the call builds it
        place = {"module": "keras.layers", "class_name": name}
        kept["registered_name"] = None
        return kept | place | {"config": _layer(name, config, custom)}
    if isinstance(config, Mapping):
        kept["config"] = {k: _any(v, custom) for k, v in config.items()}
    return kept


def _graph(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a Functional model's configuration with its tensors renamed.

    A model inside another has a call of its own in Keras 2, its building, so
    that calls of it in the other model count from 1; in Keras 3 from 0.
    """
    layers = config["layers"]
    inner = {x["name"] for x in layers if "layers" in x["config"]}
    config["layers"] = [
        layer | {"inbound_nodes": _from_zero(layer["inbound_nodes"], inner)}
        for layer in layers
    ]
    # Of the outputs of a Functional Keras 3 counts as Keras 2 did.
    inner -= {x["name"] for x in layers if x["class_name"] == "Functional"}
    outputs = _from_zero(config["output_layers"], inner)
    for key, tensors in {**config, "output_layers": outputs}.items():
        if key in ("input_layers", "output_layers"):
            # A list of one tensor is what Keras 3 would return as a list.
            single = len(tensors) == 1 and isinstance(tensors[0], list)
            config[key] = tensors[0] if single else tensors
    return config


def _from_zero(value: Any, inner: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _from_zero(item, inner) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) > 2 and isinstance(value[0], str) and value[0] in inner:
        name, call, *rest = value
        return [name, max(call - 1, 0), *rest]
    return [_from_zero(item, inner) for item in value]


def _is_layer(value: Mapping) -> bool:
    package = str(value.get("module") or "keras").partition(".")[0]
    found = getattr(keras.layers, str(value["class_name"]), None)
    return package in ("keras", "tf_keras") and inspect.isclass(found)


def _layer(name: str, config: Mapping, custom: frozenset[str]) -> dict:
    for key, value in config.items():
        # 0.2 x + 0.5 in Keras 2, x / 6 + 0.5 in Keras 3.
        if "hard_sigmoid" in (value, _function(value)):
            raise ValueError(
                f"{key}='hard_sigmoid' of the layer {config.get('name')!r} is "
                "another function in Keras 3"
            )
    known = _arguments(getattr(keras.layers, name))
    translated = {}
    for key, value in config.items():
        key = _RENAMED.get((name, key), key)
        neutral = value is None or _NEUTRAL.get(key, _IDLE) == value
        idle = key in _IDLE or key.endswith(_TRAINING)
        if key not in known and (neutral or idle):
            continue
        translated[key] = _any(value, custom)
    axis = config.get("axis")
    if name == "BatchNormalization" and isinstance(axis, list):
        (translated["axis"],) = axis
    return translated


def _function(value: Any) -> Any:
    return value.get("config") if isinstance(value, Mapping) else None


def _arguments(layer: type) -> set[str]:
    """Returns the names of what a layer's constructor takes."""
    names: set[str] = set()
    for base in layer.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters
        names.update(parameters)
        kinds = {parameter.kind for parameter in parameters.values()}
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break  # it hands nothing on
    return names


def _missing_input(config: Any) -> list[dict[str, Any]]:
    """Returns the InputLayer that a Sequential has in its first layer only."""
    layers = config if isinstance(config, list) else config["layers"]
    first = layers[0] if layers else {}
    inner = first.get("config")
    if first.get("class_name") == "InputLayer" or not isinstance(inner, dict):
        return []
    if "batch_input_shape" not in inner:
        return []
    shape = {"batch_shape": inner["batch_input_shape"]}
    return [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": shape,
            "registered_name": None,
        }
    ]


def _names_with_slashes(value: Any) -> set[str]:
    """Returns names of layers that Keras 3 refuses, of every inner model."""
    if isinstance(value, list):
        return set().union(*map(_names_with_slashes, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_names_with_slashes, value.values()))
    config = value.get("config")
    if "class_name" in value and isinstance(config, dict):
        name = str(config.get("name", ""))
        found |= {name} if "/" in name else set()
    return found


def _rename(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [_rename(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _rename(item, names) for key, item in value.items()}
    return value.replace("/", ".") if str(value) in names else value
