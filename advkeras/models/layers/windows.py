"""Layers that look at windows: with weights of their own, or for a length."""

import numbers
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from advkeras import checks

_Size = int | tuple[int, int]

_registered = keras.saving.register_keras_serializable(package="advkeras")


@_registered
class LocallyConnected2D(keras.layers.Layer):
    """A convolution without padding whose every place has its own weights.

    The kernel is (rows, columns, kernel height * kernel width * channels in,
    filters), the third axis in the order (height, width, channel).

    Args:
        filters: Channels out, 1 or more.
        kernel_size: Height and width of the receptive fields, in pixels.
        strides: Pixels from one receptive field to the next.
        use_bias: Whether each output has a bias of its own.
        activation: Keras name or function; None for a linear layer.
        kernel_initializer: Keras name or initializer; None for He normal by
            the size of a receptive field.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of its range, or a receptive field
            does not fit into the images.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: _Size,
        strides: _Size = 1,
        use_bias: bool = True,
        activation: str | Callable[[Any], Any] | None = None,
        kernel_initializer: Any = None,
        **kwargs: Any,
    ):
        checks.check_count("filters", filters)
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = _pair("kernel_size", kernel_size)
        self.strides = _pair("strides", strides)
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: tuple) -> None:
        """Makes the weights of images (n, height, width, channels)."""
        rows, columns = self.compute_output_shape(input_shape)[1:3]
        fan_in = int(np.prod(self.kernel_size)) * input_shape[-1]
        initializer = self.kernel_initializer
        if initializer is None:
            # Keras would count the places as a part of the fan-in.
            initializer = keras.initializers.RandomNormal(
                stddev=float(np.sqrt(2 / fan_in))
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(rows, columns, fan_in, self.filters),
            initializer=initializer,
        )
        self.bias = (
            self.add_weight(
                name="bias",
                shape=(rows, columns, self.filters),
                initializer="zeros",
            )
            if self.use_bias
            else None
        )

    def call(self, x: Any) -> Any:
        """Returns (n, rows, columns, filters)."""
        fields = self.receptive_fields(x)
        y = ops.einsum("nrcp,rcpf->nrcf", fields, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def receptive_fields(self, x: Any) -> Any:
        """Returns what each place sees, (n, rows, columns, values)."""
        places = self.compute_output_shape(x.shape)[1:3]
        # Slices, first of columns and then of rows: a gather or a convolution
        # with ones, which Keras offers, is many times slower in the gradient.
        for axis in (2, 1):
            x = _windows(
                x,
                axis,
                self.kernel_size[axis - 1],
                self.strides[axis - 1],
                places[axis - 1],
            )
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns (n, rows, columns, filters) of (n, height, width, c)."""
        sizes = _places(input_shape, self.kernel_size, self.strides)
        return (input_shape[0], *sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            )
            if self.kernel_initializer is not None
            else None,
        }


@_registered
class L2Pooling2D(keras.layers.Layer):
    """The length of each window, each channel alone, without padding.

    `y = sqrt(epsilon + sum of x^2 over the window)`; epsilon keeps the
    gradient finite at zero (Le et al. 2012, section 3.1).

    Args:
        pool_size: Height and width of the window, in pixels.
        strides: Pixels from one window to the next.
        epsilon: Above 0, in the squared units of x.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of its range, or a window does not fit
            into the images.
    """

    def __init__(
        self,
        pool_size: _Size,
        strides: _Size = 1,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ):
        checks.check_positive("epsilon", epsilon)
        super().__init__(**kwargs)
        self.pool_size = _pair("pool_size", pool_size)
        self.strides = _pair("strides", strides)
        self.epsilon = epsilon
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, x: Any) -> Any:
        """Returns (n, rows, columns, channels)."""
        mean = ops.average_pool(ops.square(x), self.pool_size, self.strides)
        return ops.sqrt(self.epsilon + int(np.prod(self.pool_size)) * mean)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns (n, rows, columns, channels) of (n, height, width, c)."""
        sizes = _places(input_shape, self.pool_size, self.strides)
        return (input_shape[0], *sizes, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "epsilon": self.epsilon,
        }


def _pair(name: str, value: Any) -> tuple[int, int]:
    """Returns (vertical, horizontal) of one whole number, or of two."""
    if isinstance(value, numbers.Integral):
        value = (value, value)
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(
            f"`{name}` must be one whole number or two. "
            f"Received: {name}={value!r}"
        )
    for size in value:
        checks.check_count(name, size)
    return int(value[0]), int(value[1])


def _places(
    input_shape: tuple, size: tuple[int, int], strides: tuple[int, int]
) -> list[int]:
    """Returns how often a window fits into (n, height, width, channels)."""
    image = input_shape[1:3]
    if any(i is None or i < s for i, s in zip(image, size, strict=True)):
        raise ValueError(
            f"`input_shape` must have room for a window of {size}. "
            f"Received: input_shape={tuple(input_shape)}"
        )
    return [
        (i - s) // step + 1
        for i, s, step in zip(image, size, strides, strict=True)
    ]


def _windows(x: Any, axis: int, size: int, stride: int, places: int) -> Any:
    """Returns the `size` neighbours along an axis as channels, first first."""
    last = stride * (places - 1) + 1
    parts = []
    for start in range(size):
        cut = [slice(None)] * 4
        cut[axis] = slice(start, start + last, stride)
        parts.append(x[tuple(cut)])
    return ops.concatenate(parts, axis=-1)
