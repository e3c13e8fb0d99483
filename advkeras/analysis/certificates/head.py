"""A network's last layer apart, and the Lipschitz constant of the rest."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from advkeras.analysis import spectrum
from advkeras.classifier import Classifier


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """Logits = features @ kernel + bias, or what is known without a kernel.

    Attributes:
        constant: Lipschitz bound of the map from images to the features;
            without a kernel of the map to the logits.
        kernel: float64, (features, classes), or None if the network does not
            end in a Dense layer.
        classes: Number of logits.
        last: Name of the last layer.
    """

    constant: float
    kernel: np.ndarray | None
    classes: int
    last: str

    def pairs(self, pairwise: bool) -> np.ndarray:
        """Returns Lipschitz bounds of each z_i - z_j, (classes, classes).

        Args:
            pairwise: Whether to take the columns of each pair, and not the
                norm of the whole map to logits times sqrt(2).

        Raises:
            ValueError: Pairs are wanted, and there is no kernel.
        """
        if pairwise:
            if self.kernel is None:
                raise ValueError(
                    "`classifier` must end in a Dense layer for 'pairwise'. "
                    f"Received: last layer {self.last!r}"
                )
            apart = self.kernel[:, :, None] - self.kernel[:, None, :]
            return self.constant * np.linalg.norm(apart, axis=0)
        norm = 1.0 if self.kernel is None else np.linalg.norm(self.kernel, 2)
        reach = np.sqrt(2) * self.constant * norm
        return np.full((self.classes, self.classes), reach)


def head(
    classifier: Classifier, constants: Mapping[str, float] | None = None
) -> Head:
    """Returns the head of a classifier's model, weights as of now.

    Args:
        classifier: The model.
        constants: See `analysis.spectrum.bounds`.

    Raises:
        ValueError: The model's logits are not to be had from its graph, or
            `analysis.spectrum` does not know one of its layers.
    """
    model = classifier.model
    if not getattr(model, "outputs", None):
        raise ValueError(
            "`classifier` must be of a functional or Sequential model. "
            f"Received: model of type {type(model).__name__}"
        )
    tensor = model.outputs[0]
    layer, before = _last(tensor)
    if _is_softmax(layer):
        tensor = before
        layer, before = _last(tensor)
    dense = (
        isinstance(layer, layers.Dense)
        and len(before.shape) == 2
        and layer.activation
        in (keras.activations.linear, keras.activations.softmax)
    )
    if dense:
        constant = _constant(model, before, constants)
        kernel = np.asarray(layer.kernel, np.float64)
    elif classifier.outputs == "logits" or tensor is not model.outputs[0]:
        constant, kernel = _constant(model, tensor, constants), None
    else:
        raise ValueError(
            "`classifier` must have logits in its graph. Received: "
            f"probabilities of layer {layer.name!r}"
        )
    return Head(constant, kernel, classifier.num_classes, layer.name)


def _last(tensor: Any) -> tuple[Any, Any]:
    """The layer that makes a tensor, and its first input (None: it is one)."""
    layer, index, _ = tensor._keras_history
    inputs = layer._inbound_nodes[index].input_tensors
    return layer, inputs[0] if inputs else None


def _is_softmax(layer: Any) -> bool:
    return isinstance(layer, layers.Softmax) or (
        isinstance(layer, layers.Activation)
        and layer.activation is keras.activations.softmax
    )


def _constant(
    model: keras.Model, tensor: Any, constants: Mapping[str, float] | None
) -> float:
    if _last(tensor)[1] is None:
        return 1.0  # the images themselves
    part = keras.Model(model.inputs, tensor)
    return spectrum.bounds(part, constants, lower=False).upper
