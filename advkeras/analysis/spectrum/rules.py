"""What is known of each class of layers: the norm of one layer.

A rule takes a built layer and the shape of its input, and returns a `Norm`;
None where the layer is set up in a way of which nothing is known. Rules are
found by the exact class: a subclass may compute anything.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from advkeras.analysis.spectrum import activations
from advkeras.analysis.spectrum import normalisation
from advkeras.analysis.spectrum.norms import Norm
from advkeras.analysis.spectrum.norms import exactly
from advkeras.analysis.spectrum.norms import matrix_norm
from advkeras.analysis.spectrum.norms import operator_norm
from advkeras.analysis.spectrum.norms import rounded
from advkeras.models.layers import L2Pooling2D
from advkeras.models.layers import LocalContrastNormalization
from advkeras.models.layers import LocallyConnected2D
from advkeras.models.layers import LocalResponseNormalization

Shape = tuple[int, ...]
Rule = Callable[[Any, Shape], Norm | None]


def norm(layer: keras.layers.Layer, shape: Shape) -> Norm | None:
    """Returns the bracket of a layer's constant, None if nothing is known.

    Args:
        layer: Built, with one input.
        shape: Of its input, without the batch.
    """
    rule = _RULES.get(type(layer))
    return rule(layer, shape) if rule else None


def is_known(layer: Any) -> bool:
    """Returns whether there is a rule, without computing anything.

    A rule there is may still find that it does not hold for this layer.
    """
    inner = getattr(layer, "layer", None)  # a wrapper's
    if isinstance(layer, _WRAPPERS):
        return is_known(inner)
    if not activations_known(layer):
        return False
    return type(layer) in _RULES


def activations_known(layer: Any) -> bool:
    """Returns whether the layer's activation, if it has one, is known."""
    if isinstance(layer, activations.LAYERS):
        return activations.constant(layer) is not None
    activation = getattr(layer, "activation", None)
    return activations.constant(activation) is not None


def _activated(layer: Any, linear: Norm) -> Norm | None:
    """Returns the norm of a linear map with the activation behind it."""
    factor = activations.constant(layer.activation)
    if factor is None:
        return None
    is_linear = activations.name(layer.activation) == ""
    return Norm(
        linear.upper * factor.upper,
        # Whether both are at their largest at once, the ascent has to find.
        linear.lower if is_linear else None,
        linear.residual,
    )


def _dense(layer: Any, shape: Shape) -> Norm | None:
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    return _activated(layer, matrix_norm(kernel))


def _linear(layer: Any, shape: Shape) -> Norm | None:
    return _activated(layer, operator_norm(layer, shape))


def _identity(layer: Any, shape: Shape) -> Norm:
    return exactly(1.0)


def _elementwise(layer: Any, shape: Shape) -> Norm | None:
    return activations.constant(layer)


def _max_pooling(layer: Any, shape: Shape) -> Norm:
    """An input can be the largest of all windows that it is in.

    Szegedy et al. 2013, section 4.3, call it a contraction, which holds of
    windows that do not overlap.
    """
    return rounded(math.sqrt(_windows(layer, shape)))


def _l2_pooling(layer: Any, shape: Shape) -> Norm:
    """A window's length changes by no more than the window does."""
    return Norm(rounded(math.sqrt(_windows(layer, shape))).upper, None)


def _windows(layer: Any, shape: Shape) -> int:
    """Returns the largest number of windows that one input is in."""
    output = layer.compute_output_shape((None, *shape))[1:]
    sizes = zip(
        _sides(layer, output), layer.pool_size, layer.strides, strict=True
    )
    return math.prod(min(n, -(-size // step)) for n, size, step in sizes)


def _average_pooling(layer: Any, shape: Shape) -> Norm:
    """The means along one side after another, each by its matrix."""
    norms = []
    for length, size, step in zip(
        _sides(layer, shape), layer.pool_size, layer.strides, strict=True
    ):
        pool = layers.AveragePooling1D(
            size, step, padding=layer.padding, dtype="float64"
        )
        rows = keras.ops.convert_to_numpy(pool(np.eye(length)[..., None]))
        norms.append(np.linalg.norm(rows[..., 0], 2))
    return rounded(float(np.prod(norms)))


def _global_average(layer: Any, shape: Shape) -> Norm:
    return rounded(1 / math.sqrt(math.prod(_sides(layer, shape))))


def _upsampling(layer: Any, shape: Shape) -> Norm:
    if getattr(layer, "interpolation", "nearest") == "nearest":
        return rounded(math.sqrt(np.prod(layer.size)))
    return _resizing(layer, shape)


def _resizing(layer: Any, shape: Shape) -> Norm:
    """All channels alike: one will do."""
    if layer.data_format == "channels_first":
        return operator_norm(layer, (1, *shape[1:]))
    return operator_norm(layer, (*shape[:-1], 1))


def _rescaling(layer: Any, shape: Shape) -> Norm:
    return rounded(float(np.abs(np.asarray(layer.scale, np.float64)).max()))


def _repeat(layer: Any, shape: Shape) -> Norm:
    return rounded(math.sqrt(layer.n))


def _spectral(layer: Any, shape: Shape) -> Norm | None:
    """At inference the wrapped layer, its kernel as training left it.

    That kernel has been divided by the norm of its reshaped matrix, which is
    not the norm of a convolution.
    """
    return norm(layer.layer, shape)


def _each_step(layer: Any, shape: Shape) -> Norm | None:
    return norm(layer.layer, shape[1:])


def _sides(layer: Any, shape: Shape) -> Shape:
    """Returns the sides of a map, without its channels."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return shape[1:] if first else shape[:-1]


_WRAPPERS = (layers.SpectralNormalization, layers.TimeDistributed)


def _named(names: str, *suffixes: str) -> list[type]:
    return [
        getattr(layers, name + suffix)
        for name in names.split()
        for suffix in (suffixes or ("",))
    ]


_DIMENSIONS = ("1D", "2D", "3D")
_RULES: dict[type, Rule] = {
    **dict.fromkeys(
        [
            *_named(
                "Identity Dropout GaussianDropout GaussianNoise AlphaDropout "
                "ActivityRegularization Flatten Reshape Permute RandomFlip "
                "RandomRotation RandomTranslation RandomZoom RandomContrast "
                "RandomBrightness"
            ),
            *_named("SpatialDropout ZeroPadding Cropping", *_DIMENSIONS),
            *_named("GlobalMaxPooling", *_DIMENSIONS),
        ],
        _identity,
    ),
    **dict.fromkeys(
        [
            *_named("Conv", *_DIMENSIONS),
            *_named("Conv", *(f"{d}Transpose" for d in _DIMENSIONS)),
            *_named("DepthwiseConv SeparableConv", "1D", "2D"),
            layers.EinsumDense,
            LocallyConnected2D,
        ],
        _linear,
    ),
    **dict.fromkeys(activations.LAYERS, _elementwise),
    **dict.fromkeys(_named("MaxPooling", *_DIMENSIONS), _max_pooling),
    **dict.fromkeys(_named("AveragePooling", *_DIMENSIONS), _average_pooling),
    **dict.fromkeys(
        _named("GlobalAveragePooling", *_DIMENSIONS), _global_average
    ),
    **dict.fromkeys(_named("UpSampling", *_DIMENSIONS), _upsampling),
    layers.Dense: _dense,
    layers.Resizing: _resizing,
    layers.Rescaling: _rescaling,
    layers.RepeatVector: _repeat,
    layers.BatchNormalization: normalisation.batch_normalization,
    layers.LayerNormalization: normalisation.layer_normalization,
    layers.SpectralNormalization: _spectral,
    layers.TimeDistributed: _each_step,
    L2Pooling2D: _l2_pooling,
    LocalResponseNormalization: normalisation.local_response,
    LocalContrastNormalization: normalisation.local_contrast,
}
