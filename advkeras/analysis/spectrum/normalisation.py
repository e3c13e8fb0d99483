"""The norms of layers that normalise: by statistics, or by neighbours."""

import math
from typing import Any

import keras
import numpy as np
import scipy.optimize

from advkeras.analysis.spectrum.norms import Norm
from advkeras.analysis.spectrum.norms import operator_norm
from advkeras.analysis.spectrum.norms import rounded


def divisive_bound(k: float, beta: float, spread: float) -> float:
    """Bounds the constant of v_i / (k + sum_j g_ij |v_j|^2)^beta.

    The v_i are numbers or vectors. Row i of the Jacobian times u is
    s_i^-beta u_i, less 2 beta s_i^(-beta - 1) v_i sum_j g_ij v_j . u_j, s_i
    the denominator. The sum is at most sqrt(s_i - k) w_i, where
    w_i^2 = sum_j g_ij |u_j|^2 (Cauchy-Schwarz), and |v_i|^2 at most
    (s_i - k) / g_ii. With q = k / s_i, row i is thus at most

        k^-beta q^beta (|u_i| + 2 beta (1 - q) w_i / sqrt(g_ii)),

    whose square, for any t > 0 and again by Cauchy-Schwarz, is at most
    k^(-2 beta) q^(2 beta) (1 + 4 beta^2 t (1 - q)^2) times
    u_i^2 + w_i^2 / (t g_ii). Over all i the last adds up to at most
    1 + spread / t. What is returned is for the t that serves best.

    Szegedy et al. 2013, section 4.3, have k^-beta alone. That is right where
    one window is everything, with equal weights, and beta <= 1: the Jacobian
    is then s^-beta (I - 2 beta g v v^T / s).

    Args:
        k: Above 0.
        beta: Above 0.
        spread: The largest sum over i of g_ij / g_ii, for any j; what a value
            adds to all the windows that it is in, relative to their own.

    Returns:
        The bound; sharp where the spread is 0.
    """

    def squared(log_t: float) -> float:
        t = math.exp(log_t)
        c = 4 * beta**2 * t
        # Where the derivative by q is zero; the ends are q = 0 and 1.
        roots = np.roots([c * (1 + 1 / beta), -c * (2 + 1 / beta), 1 + c])
        q = np.append(roots[np.isreal(roots)].real.clip(0, 1), 1.0)
        most = (q ** (2 * beta) * (1 + c * (1 - q) ** 2)).max()
        return float(most * (1 + spread / t))

    best = scipy.optimize.minimize_scalar(
        squared, bounds=(-20, 20), method="bounded"
    )
    return float(k**-beta * math.sqrt(best.fun))


def batch_normalization(layer: Any, shape: tuple[int, ...]) -> Norm:
    """Of gamma / sqrt(variance + epsilon), the largest of any channel."""
    variance = _array(layer.moving_variance)
    gamma = _array(layer.gamma) if layer.scale else 1.0
    return rounded(np.abs(gamma / np.sqrt(variance + layer.epsilon)).max())


def layer_normalization(layer: Any, shape: tuple[int, ...]) -> Norm:
    """Of the largest gamma / sqrt(epsilon), had where the values are equal.

    The Jacobian is (I - y y^T / n) P / sqrt(variance + epsilon), with the
    values y before gamma and P the projection that takes away their mean.
    """
    gamma = _array(layer.gamma) if layer.scale else np.ones(1)
    return Norm(
        rounded(np.abs(gamma).max() / math.sqrt(layer.epsilon)).upper, None
    )


def local_response(layer: Any, shape: tuple[int, ...]) -> Norm:
    """Of `LocalResponseNormalization`: windows of channels."""
    channels = shape[-1]
    if layer.depth_radius >= channels - 1 and layer.beta <= 1:
        return rounded(layer.bias**-layer.beta)
    window = min(2 * layer.depth_radius + 1, channels)
    bound = divisive_bound(layer.bias, layer.beta, window)
    # At zero the Jacobian is that of a division by bias^beta.
    return Norm(bound, layer.bias**-layer.beta)


def local_contrast(layer: Any, shape: tuple[int, ...]) -> Norm:
    """Of `LocalContrastNormalization`: first a linear map, then a division.

    All channels of a place share their divisor, so that a place is one
    vector, and only the window in space counts.
    """
    epsilon = layer.epsilon

    def centred(x: Any) -> Any:
        return x - keras.ops.conv(
            keras.ops.mean(x, axis=-1, keepdims=True),
            layer.window()[:, :, None, None],
            padding="same",
        )

    centre = layer.kernel_size // 2
    spread = 1 / float(layer.window()[centre, centre])
    linear = operator_norm(centred, shape)
    return Norm(
        linear.upper * divisive_bound(epsilon, 0.5, spread),
        # At zero nothing but the division by sqrt(epsilon) is left.
        (linear.lower or 0.0) / math.sqrt(epsilon),
        linear.residual,
    )


def _array(variable: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
