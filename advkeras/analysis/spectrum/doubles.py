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
    groups = getattr(layer, "groups", 1)
    if groups > 1:
        return _grouped(layer, shape, groups, changes), shape
    copy = layer_in_float64(layer, [shape], **changes)
    offset = copy(tf.zeros((1, *shape), tf.float64), training=False)
    if not np.any(offset):
        return lambda x: copy(x, training=False), shape
    return lambda x: copy(x, training=False) - offset, shape


def _grouped(
    layer: keras.layers.Layer, shape: Shape, groups: int, changes: dict
) -> Callable[[Any], Any]:
    """Convolves each group alone: at once it is many times slower on a CPU."""
    changes = {
        **changes,
        "groups": 1,
        "filters": layer.filters // groups,
        "use_bias": False,
    }
    part = (*shape[:-1], shape[-1] // groups)
    copies = []
    for kernel in np.split(layer.get_weights()[0], groups, axis=-1):
        copy = _rebuilt(layer, changes)
        copy.build((None, *part))
        copy.set_weights([kernel])
        copies.append(copy)

    def linear(x: Any) -> Any:
        parts = tf.split(x, groups, axis=-1)
        return tf.concat(
            [copy(p) for copy, p in zip(copies, parts, strict=True)], axis=-1
        )

    return linear


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
