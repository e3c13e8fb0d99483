"""A PyTorch replica of a Keras model, for peers that attack PyTorch alone."""

import functools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from keras import layers

from advkeras.classifier import Classifier

Step = Callable[[Any], Any]

# Of logits beside Keras's, in units of the largest if that is above 1.
_TOLERANCE = 1e-4


class Replica(torch.nn.Module):
    """Computes logits from images as Keras lays them out, channels last.

    It has no parameters: weights are constants, so that no gradient is spent
    on them.
    """

    def __init__(self, steps: list[Step]):
        super().__init__()
        self._steps = steps

    def forward(self, images: Any) -> Any:
        """Returns the logits, (n, classes)."""
        for step in self._steps:
            images = step(images)
        return images


def replicate(classifier: Classifier) -> Replica:
    """Returns a PyTorch module with the weights and logits of a classifier.

    Args:
        classifier: Of a Sequential or functional model, a chain of the
            layers that `_STEPS` lists. A final softmax is left out.

    Raises:
        ValueError: A layer is not among them or is used in a way that is not
            known here, or the logits differ from Keras's on noise.
    """
    chain = classifier.model.layers
    steps: list[Step] = []
    for layer in chain:
        if type(layer) not in _STEPS:
            raise _unknown(layer)
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise _unknown(layer, f"data_format {layer.data_format!r}")
        steps.extend(_STEPS[type(layer)](layer))
    if steps and steps[-1] is _softmax:
        steps.pop()
    replica = Replica(steps).eval()
    _check_alike(classifier, replica)
    return replica


def _check_alike(classifier: Classifier, replica: Replica) -> None:
    size = tuple(64 if s is None else s for s in classifier.image_shape)
    noise = np.random.default_rng(0).uniform(*classifier.bounds, (8, *size))
    noise = noise.astype(np.float32)
    ours = np.asarray(classifier.logits(noise))
    theirs = replica(torch.from_numpy(noise)).numpy()
    worst = np.abs(ours - theirs).max() / max(1.0, np.abs(ours).max())
    if not worst <= _TOLERANCE:
        raise ValueError(
            "`classifier` must compute what its layers, one after the other, "
            f"compute in PyTorch, to {_TOLERANCE:g}. Received: model "
            f"{classifier.model.name!r}, logits differ by {worst:.2g}"
        )


def _unknown(layer: Any, how: str | None = None) -> ValueError:
    known = ", ".join(sorted(kind.__name__ for kind in _STEPS))
    return ValueError(
        f"`classifier` must be a chain of layers known in PyTorch: {known}. "
        f"Received: layer {layer.name!r} of type {type(layer).__name__}"
        + (f" with {how}" if how else "")
    )


def _softmax(features: Any) -> Any:
    return torch.softmax(features, dim=-1)


_ACTIVATIONS: dict[Any, list[Step]] = {
    keras.activations.linear: [],
    keras.activations.relu: [torch.relu],
    keras.activations.sigmoid: [torch.sigmoid],
    keras.activations.softmax: [_softmax],
}


def _activation(layer: Any) -> list[Step]:
    if layer.activation not in _ACTIVATIONS:
        name = getattr(layer.activation, "__name__", layer.activation)
        raise _unknown(layer, f"activation {name!r}")
    return _ACTIVATIONS[layer.activation]


def _nothing(layer: Any) -> list[Step]:
    return []


def _flatten(layer: Any) -> list[Step]:
    return [functools.partial(torch.flatten, start_dim=1)]


def _rescaling(layer: Any) -> list[Step]:
    scale, offset = _constant(layer.scale), _constant(layer.offset)
    return [lambda images: images * scale + offset]


def _relu(layer: Any) -> list[Step]:
    config = layer.get_config()
    for name in ("max_value", "negative_slope", "threshold"):
        if config[name]:
            raise _unknown(layer, f"{name} {config[name]}")
    return [torch.relu]


def _reshape(layer: Any) -> list[Step]:
    shape = layer.target_shape
    return [lambda features: features.reshape(len(features), *shape)]


def _batch_normalization(layer: Any) -> list[Step]:
    if layer.axis not in (-1, layer.input_spec.ndim - 1):
        raise _unknown(layer, f"axis {layer.axis}")
    scale = 1 / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
    if layer.scale:
        scale = scale * np.asarray(layer.gamma)
    offset = -scale * np.asarray(layer.moving_mean)
    if layer.center:
        offset = offset + np.asarray(layer.beta)
    scale, offset = _constant(scale), _constant(offset)
    return [lambda features: torch.addcmul(offset, features, scale)]


def _softmax_layer(layer: Any) -> list[Step]:
    if layer.axis != -1:
        raise _unknown(layer, f"axis {layer.axis}")
    return [_softmax]


def _dense(layer: Any) -> list[Step]:
    kernel, bias = _constant(layer.kernel).T.contiguous(), _bias(layer)
    return [lambda x: F.linear(x, kernel, bias), *_activation(layer)]


def _conv2d(layer: Any) -> list[Step]:
    # Keras: (height, width, in, out). PyTorch: (out, in, height, width).
    kernel = _constant(layer.kernel).permute(3, 2, 0, 1).contiguous()
    bias, dilation = _bias(layer), layer.dilation_rate

    def step(images: Any) -> Any:
        sides = _sides(images, layer, layer.kernel_size, dilation)
        padding = (sides[2], sides[0])
        if padding != (sides[3], sides[1]):
            images, padding = F.pad(images, sides), (0, 0)
        return F.conv2d(
            images, kernel, bias, layer.strides, padding, dilation, layer.groups
        )

    return [_channels_first(step), *_activation(layer)]


def _max_pooling(layer: Any) -> list[Step]:
    def step(images: Any) -> Any:
        sides = _sides(images, layer, layer.pool_size)
        if any(sides):
            images = F.pad(images, sides, value=-math.inf)
        return F.max_pool2d(images, layer.pool_size, layer.strides)

    return [_channels_first(step)]


def _average_pooling(layer: Any) -> list[Step]:
    average = functools.partial(
        F.avg_pool2d, kernel_size=layer.pool_size, stride=layer.strides
    )

    def step(images: Any) -> Any:
        sides = _sides(images, layer, layer.pool_size)
        if not any(sides):
            return average(images)
        # Keras does not count what was padded.
        inside = F.pad(torch.ones_like(images), sides)
        return average(F.pad(images, sides)) / average(inside)

    return [_channels_first(step)]


def _max_pooling_1d(layer: Any) -> list[Step]:
    if layer.padding != "valid":
        raise _unknown(layer, f"padding {layer.padding!r}")

    def step(features: Any) -> Any:
        pooled = F.max_pool1d(
            features.permute(0, 2, 1), layer.pool_size, layer.strides
        )
        return pooled.permute(0, 2, 1)

    return [step]


def _global_average(layer: Any) -> list[Step]:
    return [lambda images: images.mean((1, 2), keepdim=layer.keepdims)]


_STEPS: dict[type, Callable[[Any], list[Step]]] = {
    layers.InputLayer: _nothing,
    layers.Dropout: _nothing,
    layers.Flatten: _flatten,
    layers.Reshape: _reshape,
    layers.Rescaling: _rescaling,
    layers.BatchNormalization: _batch_normalization,
    layers.Activation: _activation,
    layers.ReLU: _relu,
    layers.Softmax: _softmax_layer,
    layers.Dense: _dense,
    layers.Conv2D: _conv2d,
    layers.MaxPooling2D: _max_pooling,
    layers.MaxPooling1D: _max_pooling_1d,
    layers.AveragePooling2D: _average_pooling,
    layers.GlobalAveragePooling2D: _global_average,
}


def _constant(value: Any) -> Any:
    if hasattr(value, "numpy"):
        value = value.numpy()
    return torch.tensor(np.asarray(value, np.float32))


def _bias(layer: Any) -> Any:
    return _constant(layer.bias) if layer.use_bias else None


def _channels_first(step: Step) -> Step:
    """Wraps what PyTorch does channels first; the two views copy nothing."""
    return lambda images: step(images.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _sides(
    images: Any,
    layer: Any,
    window: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> list[int]:
    """Returns Keras's padding: [left, right, top, bottom].

    Where the two sides differ the second has more, which PyTorch's own
    padding does not do with strides.
    """
    sides = [0, 0, 0, 0]
    if layer.padding == "same":
        for axis in (0, 1):
            size, stride = images.shape[2 + axis], layer.strides[axis]
            reach = (window[axis] - 1) * dilation[axis] + 1
            total = max(
                (math.ceil(size / stride) - 1) * stride + reach - size, 0
            )
            first = 2 * (1 - axis)
            sides[first : first + 2] = total // 2, total - total // 2
    return sides
