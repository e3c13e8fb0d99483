"""A Keras model as affine maps and curves in turn."""

import dataclasses
from typing import Any

import keras
import numpy as np
import scipy.sparse
from keras import layers

from advkeras.analysis.certificates import curves
from advkeras.analysis.certificates.affine import Affine
from advkeras.analysis.certificates.affine import probed
from advkeras.analysis.certificates.curves import Curve
from advkeras.analysis.certificates.curves import WindowMax
from advkeras.classifier import Classifier

# Nothing, at inference and on flattened arrays.
_NOTHING = (
    layers.InputLayer,
    layers.Identity,
    layers.Flatten,
    layers.Reshape,
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.AlphaDropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.ActivityRegularization,
)
# One sum of products an output, once the activation is taken off.
_SUMS = (
    layers.Dense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv2DTranspose,
    layers.DepthwiseConv2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.Rescaling,
    layers.Permute,
    layers.ZeroPadding2D,
    layers.Cropping2D,
    layers.UpSampling2D,
)
_NORMALIZATIONS = (layers.BatchNormalization, layers.Normalization)


@dataclasses.dataclass(frozen=True)
class Chain:
    """curve_k(affine_k(... curve_1(affine_1(images)))), then a last affine map.

    Attributes:
        affine: One more than there are curves.
        curves: What lies between them.
    """

    affine: tuple[Affine, ...]
    curves: tuple[Curve | WindowMax, ...]


def chain(classifier: Classifier) -> Chain:
    """Returns the map from flattened images to logits, weights as of now.

    Args:
        classifier: Of a Sequential model, or a functional one without
            branches. A softmax at its end is left out.

    Raises:
        ValueError: A layer has no linear bounds here; it is named.
    """
    shape = [size for size in classifier.image_shape if size is not None]
    if len(shape) < len(classifier.image_shape):
        raise ValueError(
            "`classifier` must take images of a fixed size. "
            f"Received: classifier.image_shape={classifier.image_shape}"
        )
    steps: list[Affine | Curve | WindowMax] = []
    found = _layers(classifier.in_float64().model)
    for i, layer in enumerate(found):
        try:
            made = _steps(layer, last=i == len(found) - 1)
        except ValueError as error:
            raise ValueError(
                "`classifier` must be a chain of layers that have linear "
                f"bounds. Received: layer {layer.name!r} of class "
                f"{type(layer).__name__} ({error})"
            ) from error
        for step in made:
            _append(steps, step)
    return _alternating(steps, int(np.prod(shape)))


def _layers(model: keras.Model) -> list[layers.Layer]:
    """The layers from the input to the output, those of nested models too."""
    found: list[layers.Layer] = []
    tensor = model.outputs[0]
    while True:
        layer, index, _ = tensor._keras_history
        inputs = layer._inbound_nodes[index].input_tensors
        inner = _layers(layer) if isinstance(layer, keras.Model) else [layer]
        found = inner + found
        if not inputs:
            return found
        if len(inputs) > 1 or not isinstance(layer, layers.Layer):
            raise ValueError(
                "`classifier` must be a chain of layers that have linear "
                f"bounds. Received: {layer.name!r} of class "
                f"{type(layer).__name__} with {len(inputs)} inputs"
            )
        tensor = inputs[0]


def _steps(layer: Any, last: bool) -> list[Affine | Curve | WindowMax]:
    """What one layer does; raises ValueError if that is not known."""
    if isinstance(layer, _NOTHING):
        return []
    if isinstance(layer, layers.MaxPooling2D | layers.GlobalMaxPooling2D):
        return _max_pooling(layer)
    if isinstance(layer, layers.ReLU):
        if layer.max_value is not None or layer.threshold:
            raise ValueError("with a max_value or a threshold")
        return [curves.rectifier(layer.name, float(layer.negative_slope))]
    if isinstance(layer, layers.LeakyReLU):
        return [curves.rectifier(layer.name, float(layer.negative_slope))]
    if isinstance(layer, layers.Activation):
        return _activation(layer, last)
    if isinstance(layer, layers.Softmax) and last:
        return []
    if isinstance(layer, _NORMALIZATIONS):
        return [_normalization(layer)]
    if type(layer) in _SUMS or type(layer).__name__ == "LocallyConnected2D":
        return [_sums(layer), *_activation(layer, last)]
    raise ValueError("its bounds are not known")


def _activation(layer: Any, last: bool) -> list[Affine | Curve | WindowMax]:
    function = getattr(layer, "activation", keras.activations.linear)
    if function is keras.activations.linear:
        return []
    if function is keras.activations.relu:
        return [curves.rectifier(layer.name)]
    if function is keras.activations.leaky_relu:
        return [curves.rectifier(layer.name, 0.2)]
    if function is keras.activations.sigmoid:
        return [curves.sigmoid(layer.name)]
    if function is keras.activations.tanh:
        return [curves.tanh(layer.name)]
    if function is keras.activations.softmax and last:
        return []
    raise ValueError(
        f"its activation is {getattr(function, '__name__', function)}"
    )


def _sums(layer: Any) -> Affine:
    shape = tuple(layer.input.shape[1:])
    if isinstance(layer, layers.Dense) and len(shape) == 1:
        kernel = np.asarray(layer.kernel)
        bias = np.asarray(layer.bias) if layer.use_bias else 0
        return Affine.of(
            layer.name, kernel.T, np.broadcast_to(bias, kernel.shape[1:])
        )
    linear = layer
    if hasattr(layer, "activation"):
        linear = layer.__class__.from_config(
            {**layer.get_config(), "activation": "linear"}
        )
        linear.build(layer.input.shape)
        linear.set_weights(layer.get_weights())
    matrix, bias = probed(linear, shape)
    return Affine.of(layer.name, matrix, bias)


def _normalization(layer: Any) -> Affine:
    """Scales by gamma / deviation, and shifts; the shift may cancel."""
    shape = tuple(layer.input.shape[1:])
    if isinstance(layer, layers.BatchNormalization):
        mean = np.asarray(layer.moving_mean)
    else:
        mean = np.asarray(layer.mean)

    def function(x: Any) -> Any:
        return layer(x, training=False)

    matrix, bias = probed(function, shape)
    middle = np.broadcast_to(mean, (1, *shape))
    shift = np.asarray(function(middle)).ravel()
    return Affine.of(
        layer.name, matrix, bias, np.abs(shift) + np.abs(shift - bias)
    )


def _max_pooling(layer: Any) -> list[Affine | Curve | WindowMax]:
    """Every window's inputs side by side, then their largest."""
    height, width, channels = layer.input.shape[1:]
    if layer.data_format != "channels_last":
        raise ValueError("with channels first")
    if isinstance(layer, layers.MaxPooling2D):
        size, strides = layer.pool_size, layer.strides
    else:
        size = strides = (height, width)
    places = np.arange(height * width * channels).reshape(
        height, width, channels
    )
    if getattr(layer, "padding", "valid") == "same":
        pads = [
            max(0, (-(-n // s) - 1) * s + k - n)
            for n, k, s in zip((height, width), size, strides, strict=True)
        ]
        around = [(pad // 2, pad - pad // 2) for pad in pads]
        places = np.pad(places, [*around, (0, 0)], constant_values=-1)
    windows = np.lib.stride_tricks.sliding_window_view(
        places, size, axis=(0, 1)
    )[:: strides[0], :: strides[1]]
    index = windows.reshape(-1, size[0] * size[1])
    inside = index >= 0
    flat = index.ravel()
    ones = scipy.sparse.csr_array(
        (
            np.ones(inside.sum()),
            (np.flatnonzero(flat >= 0), flat[flat >= 0]),
        ),
        shape=(flat.size, height * width * channels),
    )
    return [Affine.exact(layer.name, ones), WindowMax(layer.name, inside)]


def _append(
    steps: list[Affine | Curve | WindowMax], step: Affine | Curve | WindowMax
) -> None:
    """Puts a pooling before the curve that it follows.

    The largest of what does not fall is what the largest becomes, and a
    curve on fewer units costs less, and is bounded by fewer lines.
    """
    pooled = (
        isinstance(step, WindowMax)
        and len(steps) > 1
        and isinstance(steps[-2], Curve)
    )
    steps.append(step)
    if pooled:
        steps.append(steps.pop(-3))


def _alternating(steps: list[Affine | Curve | WindowMax], units: int) -> Chain:
    """Folds neighbouring affine maps, and parts neighbouring curves."""
    affine: list[Affine] = []
    bends: list[Curve | WindowMax] = []

    def join(step: Affine) -> None:
        if len(affine) > len(bends):
            affine[-1] = affine[-1].then(step)
        else:
            error = bends[-1].error if bends else 0
            affine.append(step.on_inexact(error) if error else step)

    for step in steps:
        if isinstance(step, Affine):
            join(step)
            units = len(step.bias)
            continue
        if len(affine) == len(bends):
            join(_same(units))
        bends.append(step)
        if isinstance(step, WindowMax):
            units = len(step.inside)
    if len(affine) == len(bends):
        join(_same(units))
    return Chain(tuple(affine), tuple(bends))


def _same(units: int) -> Affine:
    return Affine.exact("same", scipy.sparse.eye_array(units, format="csr"))
