"""Levels: the pixel values that a picture, or a quantised input, can have."""

import dataclasses

import numpy as np
import tensorflow as tf

from advkeras import checks

_MOST = 1 << 16  # float32 tells these apart, but not many more
# Of a pixel: what float32 rounds away, a few times over.
_ROUNDED = 2.0**-21
# Of a step: bounds that people write are not the last digit of a scale.
_CLOSE = 1e-2


@dataclasses.dataclass(frozen=True)
class Levels:
    """Evenly spaced pixel values: zero + k * step, for k of first .. last.

    Attributes:
        zero: The pixel value of k = 0, in the units of the images.
        step: The distance of two neighbours, likewise.
        first: The smallest k.
        last: The largest.
        bounds: (lower, upper) of the pixels. A scale is rounded, so that the
            outermost level may lie a little beyond: there it is the bound.
    """

    zero: float
    step: float
    first: int
    last: int
    bounds: checks.Bounds

    @classmethod
    def between(cls, bounds: checks.Bounds, count: int) -> "Levels":
        """Returns levels from bound to bound, 256 for pictures of 8 bits.

        Raises:
            ValueError: The count is not a whole number of 2 .. 65536.
        """
        checks.check_count("levels", count)
        if not 2 <= count <= _MOST:
            raise ValueError(
                f"`levels` must be 2 .. {_MOST}. Received: levels={count}"
            )
        lower, upper = bounds
        return cls(lower, (upper - lower) / (count - 1), 0, count - 1, bounds)

    @classmethod
    def of_input(
        cls, scale: float, zero_point: int, dtype: str, bounds: checks.Bounds
    ) -> "Levels":
        """Returns those of a quantised input that are within the bounds.

        Args:
            scale: Step of the input, in the units of the images.
            zero_point: The integer that stands for 0.
            dtype: "int8", "uint8" or "int16".
            bounds: (lower, upper) of the pixels.

        Raises:
            ValueError: There are not two of them.
        """
        ends = np.iinfo(dtype)
        least, most = ends.min - zero_point, ends.max - zero_point
        first = max(least, int(np.ceil(bounds[0] / scale - _CLOSE)))
        last = min(most, int(np.floor(bounds[1] / scale + _CLOSE)))
        if last <= first:
            raise ValueError(
                "`bounds` must hold pixels that the quantised input can have: "
                f"{least * scale:g} .. {most * scale:g}, by {scale:g}. "
                f"Received: bounds={bounds}"
            )
        return cls(0.0, scale, first, last, bounds)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.last - self.first + 1

    def nearest(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the nearest levels, half to even k, float32."""
        return self._pixels(tf.round(self._steps(images)))

    def toward(self, images: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
        """Returns the last levels on the way from originals to images.

        No pixel goes further than it went in `images`: a budget still holds.

        Args:
            images: float32, (n, height, width, channels).
            originals: As `images`; each a level already.
        """
        begin = tf.round(self._steps(originals))
        way = self._steps(images) - begin
        rounded = _ROUNDED * max(abs(self.first), abs(self.last))
        whole = tf.sign(way) * tf.floor(tf.abs(way) + rounded)
        return self._pixels(begin + whole)

    def straight_through(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the nearest levels, with the gradient of no rounding."""
        return images + tf.stop_gradient(self.nearest(images) - images)

    def whole(self, size: float) -> float:
        """Returns the largest multiple of the step that is not above `size`."""
        return float(np.floor(size / self.step * (1 + _ROUNDED))) * self.step

    def _steps(self, images: tf.Tensor) -> tf.Tensor:
        return (images - self.zero) / self.step

    def _pixels(self, steps: tf.Tensor) -> tf.Tensor:
        held = tf.clip_by_value(steps, self.first, self.last)
        return tf.clip_by_value(self.zero + held * self.step, *self.bounds)
