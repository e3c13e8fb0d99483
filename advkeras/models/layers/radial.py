"""A layer that looks at distances, not at directions."""

from typing import Any

import keras
from keras import ops

from advkeras import checks

_REACH = 0.01  # of a new unit: precision of each value


@keras.saving.register_keras_serializable(package="advkeras")
class RadialBasis(keras.layers.Layer):
    """Weighted squared distances from learned centres, negative: log units.

    Unit k of values x is -sum_j precision[j, k] * (x[j] - centre[j, k])^2, so
    exp() of it is a bell of height 1 with one width for each value: Goodfellow
    et al. 2014, section 7, with a diagonal beta, there printed without the
    sign.

    Args:
        units: Units, 1 or more.
        centre_initializer: Keras name or initializer.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(
        self, units: int, centre_initializer: Any = "zeros", **kwargs: Any
    ):
        checks.check_count("units", units)
        super().__init__(**kwargs)
        self.units = units
        self.centre_initializer = keras.initializers.get(centre_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape: tuple) -> None:
        """Makes centre and precision, both (values, units)."""
        shape = (input_shape[-1], self.units)
        self.centre = self.add_weight(
            shape=shape, initializer=self.centre_initializer, name="centre"
        )
        self.precision = self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(_REACH),
            constraint=keras.constraints.NonNeg(),
            name="precision",
        )

    def call(self, x: Any) -> Any:
        """Returns the units, (n, units), each 0 or less.

        Args:
            x: (n, values).
        """
        # Multiplied out, so that no array of (n, values, units) is made.
        squares = ops.matmul(ops.square(x), self.precision)
        across = ops.matmul(x, self.precision * self.centre)
        own = ops.sum(self.precision * ops.square(self.centre), axis=0)
        return 2 * across - squares - own

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns (n, units)."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer was made with."""
        return {
            **super().get_config(),
            "units": self.units,
            "centre_initializer": keras.initializers.serialize(
                self.centre_initializer
            ),
        }
