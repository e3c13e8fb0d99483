"""What is no Keras 3 model, as one."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class FunctionModel(keras.Model):
    """A function of images as a Keras model, for inference."""

    def __init__(
        self, function: Callable[[Any], Any], spec: tf.TensorSpec, name: str
    ):
        super().__init__(name=name)
        # In a tuple, out of reach of Keras, which would track its variables.
        self._function = (function,)
        self._spec = spec
        self.built = True

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of the images, with None for what may be any size."""
        return tuple(self._spec.shape)

    def call(self, images: Any, training: bool = False) -> Any:
        """Returns the function's outputs."""
        del training  # only for inference
        (function,) = self._function
        return function(tf.cast(images, self._spec.dtype))
