"""Normalisation by the energy of channels, and by the contrast around."""

from typing import Any

import keras
import numpy as np
from keras import ops

from advkeras import checks

_registered = keras.saving.register_keras_serializable(package="advkeras")


@_registered
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each channel by the energy of the channels beside it.

    `y_c = x_c / (bias + alpha * s_c)^beta`, `s_c` the sum of `x_j^2` over
    `|j - c| <= depth_radius` (Krizhevsky et al. 2012, section 3.3). The same
    values as `tf.nn.local_response_normalization`, which has no float64.

    Args:
        depth_radius: Channels to either side, 1 or more.
        bias: Added to the sum; above 0.
        alpha: Weight of the sum; above 0.
        beta: Exponent; above 0.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(
        self,
        depth_radius: int = 2,
        bias: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        **kwargs: Any,
    ):
        checks.check_count("depth_radius", depth_radius)
        for name, value in (("bias", bias), ("alpha", alpha), ("beta", beta)):
            checks.check_positive(name, value)
        super().__init__(**kwargs)
        self.depth_radius = depth_radius
        self.bias = bias
        self.alpha = alpha
        self.beta = beta

    def call(self, x: Any) -> Any:
        """Returns the normalised x, (n, ..., channels)."""
        channel = np.arange(x.shape[-1])
        near = abs(channel[:, None] - channel) <= self.depth_radius
        # TensorFlow's own kernel multiplies by this band too.
        band = ops.convert_to_tensor(near, dtype=x.dtype)
        energy = ops.matmul(ops.square(x), band)
        # By exp and log, which are many times as fast as a power.
        return x * ops.exp(
            -self.beta * ops.log(self.bias + self.alpha * energy)
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "depth_radius": self.depth_radius,
            "bias": self.bias,
            "alpha": self.alpha,
            "beta": self.beta,
        }


@_registered
class LocalContrastNormalization(keras.layers.Layer):
    """Takes the mean of the surroundings away, and divides by their contrast.

    With G the mean over all channels, weighted in space by a Gaussian:
    `v = x - G x` and `y = v / sqrt(epsilon + G v^2)` (Jarrett et al. 2009,
    section 2.1; Le et al. 2012). They divide by max(c, contrast); epsilon in
    its place is smooth, and is the form of Szegedy et al. 2013, section 4.3,
    at gamma 1/2. Outside the images is zero.

    Args:
        kernel_size: Side of the Gaussian window, in pixels, odd; its standard
            deviation is a quarter of that.
        epsilon: Above 0, in the squared units of x.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(
        self, kernel_size: int = 5, epsilon: float = 1e-2, **kwargs: Any
    ):
        checks.check_count("kernel_size", kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(
                "`kernel_size` must be odd, so that a window has a middle. "
                f"Received: kernel_size={kernel_size!r}"
            )
        checks.check_positive("epsilon", epsilon)
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.epsilon = epsilon
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def window(self) -> np.ndarray:
        """Returns the Gaussian, (side, side), float64, of sum 1."""
        place = np.arange(self.kernel_size) - self.kernel_size // 2
        line = np.exp(-0.5 * (place / (self.kernel_size / 4)) ** 2)
        window = np.outer(line, line)
        return window / window.sum()

    def call(self, x: Any) -> Any:
        """Returns the normalised x, (n, height, width, channels)."""
        v = x - self._mean(x)
        return v / ops.sqrt(self.epsilon + self._mean(ops.square(v)))

    def _mean(self, x: Any) -> Any:
        window = self.window()[:, :, None, None]
        return ops.conv(
            ops.mean(x, axis=-1, keepdims=True),
            ops.convert_to_tensor(window, dtype=x.dtype),
            padding="same",
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "epsilon": self.epsilon,
        }
