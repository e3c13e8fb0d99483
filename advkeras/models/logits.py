"""The logits of a Keras model, also where it ends in a softmax."""

from collections.abc import Callable
from typing import Any

import keras

LogitsFunction = Callable[[Any], Any]


def logits_function(model: keras.Model) -> LogitsFunction | None:
    """Returns a function from images to the logits below a final softmax.

    Works by the model's graph: the last layer is found, and where it applies
    a softmax (as `activation="softmax"`, `Activation("softmax")` or a
    `Softmax` layer, also inside nested models) it is computed without. The
    model is not changed, and its weights are used where they are, so that
    later training shows.

    Args:
        model: Any built Keras model with one input and one output.

    Returns:
        The function, or None where the model has no graph, or its graph does
        not end in a softmax over the last axis.
    """
    if not _has_graph(model):
        return None
    node = model.outputs[0]._keras_history
    last = node.operation
    features = last._inbound_nodes[node.node_index].input_tensors
    if len(features) != 1:
        return None
    below = _submodel(model, features[0])

    if isinstance(last, keras.Model):
        inner = logits_function(last)
        return inner and (lambda images: inner(below(images)))
    if _is_softmax_layer(last):
        return below
    if getattr(last, "activation", None) is keras.activations.softmax:
        if isinstance(last, keras.layers.Activation):
            return below
        return _without_activation(last, below)
    return None


def _has_graph(model: keras.Model) -> bool:
    return (
        isinstance(model, (keras.Sequential, keras.models.Model))
        and getattr(model, "built", False)
        and len(getattr(model, "inputs", None) or ()) == 1
        and len(getattr(model, "outputs", None) or ()) == 1
    )


def _submodel(model: keras.Model, output: Any) -> LogitsFunction:
    part = keras.Model(model.inputs[0], output)
    return lambda images: part(images, training=False)


def _is_softmax_layer(layer: Any) -> bool:
    return isinstance(layer, keras.layers.Softmax) and layer.axis in (-1, 1)


def _without_activation(layer: Any, below: LogitsFunction) -> LogitsFunction:
    """Computes `layer` on the features of `below`, its activation left out."""
    config = {**layer.get_config(), "activation": "linear"}
    linear = layer.__class__.from_config(config)
    linear.build(layer.input.shape)

    def logits(images: Any) -> Any:
        linear.trainable = layer.trainable  # or variables are sorted otherwise
        # The layer's own variables, read at every call: no copy to go stale.
        outputs, _ = linear.stateless_call(
            [v.value for v in layer.trainable_variables],
            [v.value for v in layer.non_trainable_variables],
            below(images),
        )
        return outputs

    return logits
