"""Levels: the pixel values that a picture, or a quantised input, can have."""

import dataclasses

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks

_MOST = 1 << 16  # float32 tells these apart, but not many more
# Of a pixel: what float32 rounds away, a few times over.
_ROUNDED = 2.0**-21
# Of a step: bounds that people write are not the last digit of a scale.
_CLOSE = 1e-2


@dataclasses.dataclass(frozen=True)
class Levels:
    """Evenly spaced pixel values: zero + k * step, for k of first .. last.

    Where the bounds are one a channel, so may all of these be.

    Attributes:
        zero: The pixel value of k = 0, in the units of the images.
        step: The distance of two neighbours, likewise.
        first: The smallest k.
        last: The largest.
        bounds: (lower, upper) of the pixels. A scale is rounded, so that the
            outermost level may lie a little beyond: there it is the bound.
    """

    zero: channels.Amount
    step: channels.Amount
    first: int | tuple[int, ...]
    last: int | tuple[int, ...]
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
        step = channels.apply(
            lambda whole: whole / (count - 1), channels.range_of(bounds)
        )
        return cls(bounds[0], step, 0, count - 1, bounds)

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
            ValueError: There are not two of them, in each channel.
        """
        ends = np.iinfo(dtype)
        least, most = ends.min - zero_point, ends.max - zero_point
        lower, upper = channels.lower_upper(bounds)
        first = np.maximum(least, np.ceil(lower / scale - _CLOSE))
        last = np.minimum(most, np.floor(upper / scale + _CLOSE))
        if (last <= first).any():
            raise ValueError(
                "`bounds` must hold pixels that the quantised input can have: "
                f"{least * scale:g} .. {most * scale:g}, by {scale:g}. "
                f"Received: bounds={bounds}"
            )
        return cls(0.0, scale, _whole(first), _whole(last), bounds)

    @property
    def count(self) -> int:
        """How many there are, in the channel that has most."""
        return int(np.max(np.subtract(self.last, self.first))) + 1

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
        ends = max(int(np.abs(k).max()) for k in (self.first, self.last))
        rounded = _ROUNDED * ends
        whole = tf.sign(way) * tf.floor(tf.abs(way) + rounded)
        return self._pixels(begin + whole)

    def straight_through(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the nearest levels, with the gradient of no rounding."""
        return images + tf.stop_gradient(self.nearest(images) - images)

    def whole(self, size: channels.Amount) -> channels.Amount:
        """Returns the largest multiple of the step that is not above `size`."""
        return channels.apply(
            lambda of, step: float(np.floor(of / step * (1 + _ROUNDED))) * step,
            size,
            self.step,
        )

    def _steps(self, images: tf.Tensor) -> tf.Tensor:
        zero, step = channels.array(self.zero), channels.array(self.step)
        return (images - zero) / step

    def _pixels(self, steps: tf.Tensor) -> tf.Tensor:
        zero, step = channels.array(self.zero), channels.array(self.step)
        first, last = channels.array(self.first), channels.array(self.last)
        held = tf.clip_by_value(steps, first, last)
        lower, upper = channels.lower_upper(self.bounds)
        return tf.clip_by_value(zero + held * step, lower, upper)


def _whole(steps: np.ndarray) -> int | tuple[int, ...]:
    """Returns whole numbers as int."""
    if steps.ndim:
        return tuple(steps.astype(int).tolist())
    return int(steps)
