"""What a layer of a Keras model makes of images."""

from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras.classifier import Classifier

_POOLINGS = (None, "avg", "max")


def features(
    model: Any,
    images: Any,
    layer: str | None = None,
    batch_size: int = 256,
    pooling: str | None = None,
) -> np.ndarray:
    """Returns the outputs of a layer, in inference mode, a row an image.

    The model is not changed, and is run in batches; what is kept grows with
    the result alone.

    Args:
        model: A built Sequential or functional Keras model of one input, or
            a Classifier of one.
        images: Array or tensor, (n, height, width, channels), or whatever
            else the model takes; or an `ImageSet` or a `tf.data.Dataset`,
            which is streamed.
        layer: Name of a layer; None for the last hidden layer: what the last
            layer that has weights is given. A layer that is used more than
            once is taken where it is used last.
        batch_size: Images shown to the model at a time.
        pooling: What becomes of a map of positions, as in
            `keras.applications`: None makes a unit of each channel at each
            position, in the order of `keras.layers.Flatten`; "avg" and "max"
            make one of each channel: its mean, or its largest value, over
            all positions.

    Returns:
        float32, (n, units).

    Raises:
        ValueError: The model has no graph of layers, has no such layer, or
            the images are not such as it takes; or the layer does not return
            numbers of shape (n, ..., channels).

    Example:
        >>> phi = ak.analysis.units.features(model, test)
        >>> phi = ak.analysis.units.features(
        ...     model, test.images, "conv2d_1", pooling="avg")
    """
    checks.check_count("batch_size", batch_size)
    checks.check_choice("pooling", pooling, _POOLINGS)
    part = _flat(_up_to(model, layer), layer, pooling)
    if isinstance(model, Classifier) and isinstance(images, datasets.ImageSet):
        model.check_fits(images)
    shape = tuple(part.input_shape[1:])
    bounds = model.bounds if isinstance(model, Classifier) else None
    # Eagerly: `predict` would compile anew at every call.
    found = [
        np.asarray(part(batch, training=False), np.float32)
        for batch in datasets.batches_of(images, bounds, shape, batch_size)
    ]
    return np.concatenate(found)


def _up_to(model: Any, layer: str | None) -> keras.Model:
    """Returns the part of a model that ends where the layer does."""
    if isinstance(model, Classifier):
        model = model.model
    outputs = _outputs(model)
    if layer is not None:
        _, output = outputs.get(layer, (None, None))
        if output is None:
            names = ", ".join(reversed(outputs))
            raise ValueError(
                f"`layer` must be one of the model's layers: {names}. "
                f"Received: layer={layer!r}"
            )
        return keras.Model(model.inputs[0], output)
    for operation, output in outputs.values():
        if not getattr(operation, "weights", None):
            continue
        below = _inputs(output)[0]
        if isinstance(operation, keras.Model):
            below = _up_to(operation, None)(below)
        return keras.Model(model.inputs[0], below)
    raise ValueError(
        "`model` must have a layer with weights, or `layer` be named. "
        f"Received: model {model.name!r}, layer=None"
    )


def _outputs(model: Any) -> dict[str, tuple[Any, Any]]:
    """Returns name -> (operation, output), from the last layer to the first."""
    one_each = isinstance(model, keras.Model) and all(
        len(getattr(model, ends, None) or ()) == 1
        for ends in ("inputs", "outputs")
    )
    if not one_each:
        raise ValueError(
            "`model` must be a built Sequential or functional keras.Model of "
            f"one input and one output. Received: model={model!r}"
        )
    found: dict[str, tuple[Any, Any]] = {}
    waiting = list(model.outputs)
    while waiting:
        tensor = waiting.pop(0)
        operation = tensor._keras_history.operation
        if operation.name not in found:
            found[operation.name] = (operation, tensor)
            waiting += _inputs(tensor)
    return found


def _inputs(tensor: Any) -> list[Any]:
    # By the graph of this model: the layer itself may be part of others.
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    return list(node.input_tensors)


def _flat(
    part: keras.Model, layer: str | None, pooling: str | None
) -> keras.Model:
    shape = part.outputs[0].shape
    if len(shape) < 2:
        raise ValueError(
            "`layer` must return numbers of shape (n, ..., channels). "
            f"Received: layer={layer!r}, which returns shape {shape}"
        )
    positions = tuple(range(1, len(shape) - 1))
    # As one layer of a new model, whose names clash with none of the part's.
    output = part(part.inputs[0])
    if positions and pooling:
        reduce = {"avg": keras.ops.mean, "max": keras.ops.max}[pooling]
        output = reduce(output, axis=positions)
    return keras.Model(part.inputs[0], keras.layers.Flatten()(output))
