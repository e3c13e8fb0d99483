"""The Lipschitz constants of activations, in the L2 norm.

Those that work on each value alone have that of the largest slope.
"""

import math
from typing import Any

import keras

from advkeras.analysis.spectrum.norms import Norm
from advkeras.analysis.spectrum.norms import exactly
from advkeras.analysis.spectrum.norms import rounded

_OF_ONE = (
    "celu linear relu relu6 tanh softplus softsign log_sigmoid squareplus "
    "hard_tanh tanh_shrink soft_shrink sparse_plus"
)
_SELU = 1.0507009873554805 * 1.6732632423543772  # scale * alpha, left of 0

_CONSTANTS: dict[Any, Norm] = {
    **{getattr(keras.activations, k): exactly(1.0) for k in _OF_ONE.split()},
    keras.activations.sigmoid: exactly(1 / 4),
    keras.activations.sparse_sigmoid: exactly(1 / 2),
    keras.activations.hard_sigmoid: rounded(1 / 6),
    keras.activations.hard_silu: exactly(1.5),
    keras.activations.elu: exactly(1.0),
    keras.activations.leaky_relu: exactly(1.0),
    keras.activations.selu: rounded(_SELU),
    # The Jacobian is diag(p) - p p^T, symmetric; the absolute values of a row
    # add up to 2 p_i (1 - p_i), so that no eigenvalue is above 1/2. Two
    # classes at p = 1/2 have it.
    keras.activations.softmax: exactly(1 / 2),
    # The slope, Phi(x) + x phi(x), is largest at sqrt(2).
    keras.activations.gelu: rounded(
        (1 + math.erf(1)) / 2 + math.exp(-1) / math.sqrt(math.pi)
    ),
    # Largest slopes, at 2.3994 and 1.4906, to the digits that are given.
    keras.activations.silu: rounded(1.099839320129),
    keras.activations.mish: rounded(1.088498161252),
}


def constant(activation: Any) -> Norm | None:
    """Returns the constant of an activation function, None if unknown.

    Args:
        activation: As a Keras layer has it: one of `keras.activations` with
            its default arguments, or a layer such as `LeakyReLU()`.
    """
    if activation is None:
        return exactly(1.0)
    if type(activation) in _LAYERS:
        return _LAYERS[type(activation)](activation)
    try:
        return _CONSTANTS.get(activation)
    except TypeError:  # cannot be hashed
        return None


def name(activation: Any) -> str:
    """Returns an activation's name, "" where it does nothing."""
    if activation in (None, keras.activations.linear):
        return ""
    return getattr(activation, "__name__", type(activation).__name__)


def _relu(layer: Any) -> Norm | None:
    if layer.threshold:  # a jump at the threshold has no constant
        return None
    return _at_least_one(layer.negative_slope)


def _at_least_one(slopes: Any) -> Norm:
    """Of 1 on the right and some slopes on the left."""
    slopes = abs(keras.ops.convert_to_numpy(slopes))
    return exactly(max(1.0, float(slopes.max())))


_LAYERS = {
    keras.layers.ReLU: _relu,
    keras.layers.LeakyReLU: lambda layer: _at_least_one(layer.negative_slope),
    keras.layers.PReLU: lambda layer: _at_least_one(layer.alpha),
    keras.layers.ELU: lambda layer: _at_least_one(layer.alpha),
    keras.layers.Softmax: lambda layer: exactly(1 / 2),
    keras.layers.Activation: lambda layer: constant(layer.activation),
}
LAYERS = tuple(_LAYERS)
