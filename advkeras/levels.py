"""Levels: the pixel values that a picture, or a quantised input, can have."""

import dataclasses

import numpy as np
import tensorflow as tf

from advkeras import checks

# Of a step: float32 tells 65,536 levels apart, but not much more finely.
_EXACT = 1e-2


@dataclasses.dataclass(frozen=True)
class Levels:
    """Evenly spaced pixel values: start, start + step, ..., `count` of them.

    Attributes:
        start: The smallest, in the units of the images.
        step: The distance of two neighbours, likewise.
        count: How many there are, at least 2.
    """

    start: float
    step: float
    count: int

    @classmethod
    def between(cls, bounds: checks.Bounds, count: int) -> "Levels":
        """Returns levels from bound to bound, 256 for pictures of 8 bits.

        Raises:
            ValueError: The count is not a whole number of at least 2.
        """
        checks.check_count("levels", count)
        if count < 2:
            raise ValueError(
                f"`levels` must be at least 2. Received: levels={count}"
            )
        lower, upper = bounds
        return cls(lower, (upper - lower) / (count - 1), count)

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
        first = int(np.ceil(bounds[0] / scale - _EXACT)) + zero_point
        last = int(np.floor(bounds[1] / scale + _EXACT)) + zero_point
        first, last = max(first, ends.min), min(last, ends.max)
        if last <= first:
            raise ValueError(
                "`bounds` must hold pixels that the quantised input can have: "
                f"{(ends.min - zero_point) * scale:g} .. "
                f"{(ends.max - zero_point) * scale:g}, by {scale:g}. "
                f"Received: bounds={bounds}"
            )
        return cls((first - zero_point) * scale, scale, last - first + 1)

    def nearest(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the nearest levels, half to even, float32."""
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
        whole = tf.sign(way) * tf.floor(tf.abs(way) + _EXACT)
        return self._pixels(begin + whole)

    def straight_through(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the nearest levels, with the gradient of no rounding."""
        return images + tf.stop_gradient(self.nearest(images) - images)

    def whole(self, size: float) -> float:
        """Returns the largest multiple of the step that is not above `size`."""
        return float(np.floor(size / self.step + _EXACT)) * self.step

    def _steps(self, images: tf.Tensor) -> tf.Tensor:
        return (images - self.start) / self.step

    def _pixels(self, steps: tf.Tensor) -> tf.Tensor:
        held = tf.clip_by_value(steps, 0, self.count - 1)
        return self.start + held * self.step
