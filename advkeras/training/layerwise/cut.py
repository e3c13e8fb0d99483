"""A model cut in two behind a layer, and the range of what comes out there."""

from collections.abc import Mapping

import keras

from advkeras import checks

INPUT = "input"  # the name of the images, among the names of layers

# What comes out of these lies between bounds that are known.
_RANGES: dict[str, checks.Bounds] = {
    "hard_sigmoid": (0.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
    "sigmoid": (0.0, 1.0),
    "soft_sign": (-1.0, 1.0),
    "softmax": (0.0, 1.0),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}


def names(model: keras.Model) -> list[str]:
    """Returns the images' name and those of layers with an activation."""
    _check_graph(model)
    last = model.outputs[0]._keras_history.operation
    return [
        INPUT,
        *(
            layer.name
            for layer in model.layers
            if layer is not last and _activation(layer) not in (None, "linear")
        ),
    ]


def _activation(layer: keras.layers.Layer) -> str | None:
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _check_graph(model: keras.Model) -> None:
    if not getattr(model, "inputs", None):
        raise ValueError(
            "`model` must be a functional or Sequential model. "
            f"Received: model {model.name!r} of type {type(model).__name__}"
        )


def cut(model: keras.Model, name: str) -> tuple[keras.Model, keras.Model]:
    """Returns two models that share the layers: up to a layer, and above."""
    _check_graph(model)
    if name == INPUT:
        return keras.Model(model.inputs[0], model.inputs[0]), model
    last = model.outputs[0]._keras_history.operation
    known = [layer.name for layer in model.layers if layer is not last]
    if name not in known:
        raise ValueError(
            f"`attacks` must name {INPUT!r} or layers below the last: "
            f"{', '.join(known)}. Received: attacks with {name!r}"
        )
    output = model.get_layer(name).output
    try:
        above = keras.Model(output, model.outputs[0])
    except ValueError as error:
        raise ValueError(
            "`attacks` must name layers that all of the model's graph goes "
            f"through. Received: attacks with {name!r}, which is passed by"
        ) from error
    return keras.Model(model.inputs[0], output), above


def output_range(
    model: keras.Model, name: str, bounds: Mapping[str, checks.Bounds]
) -> checks.Bounds:
    """Returns the bounds of a layer's outputs: as given, or as are known."""
    if name in bounds:
        return checks.check_bounds(bounds[name])
    activation = _activation(model.get_layer(name))
    if activation not in _RANGES:
        raise ValueError(
            f"`bounds` must say between what the outputs of {name!r} lie: its "
            f"activation, {activation}, has no bounds that are known. "
            f"Received: bounds of {', '.join(bounds)}"
        )
    return _RANGES[activation]
