"""Layers and models computed in float64, their weights as they are."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Shape = tuple[int, ...]


def layer_in_float64(
    layer: keras.layers.Layer, shapes: list[Shape], **changes: Any
) -> keras.layers.Layer:
    """Returns a copy of a built layer that computes in float64.

    Args:
        layer: Of any class whose configuration rebuilds it.
        shapes: Shape of each input, without the batch.
        **changes: Of its configuration.
    """
    copy = _rebuilt(layer, changes)
    inputs = [keras.KerasTensor((None, *s), dtype="float64") for s in shapes]
    copy(inputs[0] if len(inputs) == 1 else inputs)
    copy.set_weights(layer.get_weights())
    return copy


def linear_part(
    layer: keras.layers.Layer, shape: Shape
) -> tuple[Callable[[Any], Any], Shape]:
    """Returns what a layer does without bias and activation, in float64.

    Images with the channels first are turned, which changes no norm: the
    convolutions of a CPU want the channels last.

    Args:
        layer: An affine layer, but for its activation.
        shape: Of one input, without the batch.

    Returns:
        A function of a batch of tensors, and the shape of its inputs.
    """
    changes: dict[str, Any] = {}
    if hasattr(layer, "activation"):
        changes["activation"] = "linear"
    if getattr(layer, "data_format", None) == "channels_first":
        changes["data_format"] = "channels_last"
        shape = (*shape[1:], shape[0])
    copy = layer_in_float64(layer, [shape], **changes)
    offset = copy(tf.zeros((1, *shape), tf.float64), training=False)

    def linear(x: Any) -> Any:
        return copy(x, training=False) - offset

    if not np.any(offset):
        return lambda x: copy(x, training=False), shape
    return linear, shape


def model_in_float64(model: keras.Model) -> keras.Model:
    """Returns a copy of a Sequential or functional model, in float64.

    Raises:
        ValueError: A layer has no configuration to rebuild it from.
    """
    try:
        copy = _cloned(model)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise ValueError(
            "`model` must be made of layers that can be rebuilt from their "
            "configuration, for ratios in float64; `lower=False` does "
            f"without. Received: model {model.name!r} ({error})"
        ) from error
    copy.set_weights(model.get_weights())
    return copy


def _cloned(model: keras.Model) -> keras.Model:
    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.Model):
            return _cloned(layer)
        return _rebuilt(layer, {})

    # Without inputs of its own the clone rounds to float32.
    inputs = [keras.Input(x.shape[1:], dtype="float64") for x in model.inputs]
    return keras.models.clone_model(
        model,
        input_tensors=inputs[0] if len(inputs) == 1 else inputs,
        clone_function=clone,
    )


def _rebuilt(
    layer: keras.layers.Layer, changes: dict[str, Any]
) -> keras.layers.Layer:
    config = {**_in_float64(layer.get_config()), **changes}
    return type(layer).from_config(config)


def _in_float64(config: Any) -> Any:
    """Changes every dtype, also those of layers that a layer holds."""
    if isinstance(config, dict):
        return {
            k: "float64" if k == "dtype" else _in_float64(v)
            for k, v in config.items()
        }
    if isinstance(config, list):
        return [_in_float64(item) for item in config]
    return config
