"""Fingerprints: whether two models are the same one, by what they compute."""

import hashlib
import json
from typing import Any

import keras
import numpy as np

# Of a configuration, what says nothing of what a built model computes.
_IDLE = ("build_config", "compile_config", "trainable")


def weights_sha256(model: keras.Model) -> str | None:
    """Returns the SHA-256 of a model's weights, as they are now, in hex.

    Returns:
        None where there are none: a SavedModel keeps them from Keras.
    """
    if not model.weights:
        return None
    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(f"{weights.dtype} {weights.shape}\n".encode())
        # As bytes: of bfloat16 NumPy gives no buffer.
        digest.update(np.ascontiguousarray(weights).view(np.uint8).data)
    return digest.hexdigest()


def architecture_sha256(model: keras.Model) -> str:
    """Returns the SHA-256 of what is done with a model's weights, in hex.

    The names of layers are left out, for Keras counts layers up as they are
    made: of one file there may be several. Of a model that has no
    configuration, or one that holds itself, as Keras gives to what GPTQ
    quantised, all that is known is its class.
    """
    try:
        configuration = json.loads(model.to_json())
    except (NotImplementedError, RecursionError, TypeError, ValueError):
        kind = type(model)
        configuration = f"{kind.__module__}.{kind.__qualname__}"
    names = {name: f"#{i}" for i, name in enumerate(_names(configuration))}
    text = json.dumps(_renamed(configuration, names), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _names(value: Any) -> dict[str, None]:
    """Returns the names of all layers in a configuration, in its order."""
    if isinstance(value, list):
        return {name: None for item in value for name in _names(item)}
    if not isinstance(value, dict):
        return {}
    found: dict[str, None] = {}
    inner = value.get("config")
    if isinstance(inner, dict) and "name" in inner and not _is_policy(value):
        found[inner["name"]] = None
    for item in value.values():
        found |= _names(item)
    return found


def _is_policy(value: dict[str, Any]) -> bool:
    """Returns whether it is that of a dtype, whose name says which."""
    return str(value.get("class_name")).endswith(("Policy", "PolicyMap"))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if _is_policy(value):
            return value
        return {
            key: names.get(item, item)
            if key == "name" and isinstance(item, str)
            else _renamed(item, names)
            for key, item in value.items()
            if key not in _IDLE and not key.endswith("_initializer")
        }
    if not isinstance(value, list):
        return value
    # How Keras writes an output of a layer: its name and two numbers.
    if len(value) == 3 and isinstance(value[0], str):
        return [names.get(value[0], value[0]), *value[1:]]
    return [_renamed(item, names) for item in value]
