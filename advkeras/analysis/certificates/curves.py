"""What is not affine in a network, between two lines or two planes.

Each function takes the least and the greatest value of every unit's input,
(n, units), and returns `Lines`: the unit's output lies between the two lines
wherever its input is in that range.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.special

# float64 places a line at most this far off.
_ROUNDING = 1e-12
_NEVER = -1e300  # what padding holds: -inf less itself is NaN
_HALVINGS = 30


class Lines(NamedTuple):
    """low_slope z + low <= f(z) <= high_slope z + high, each (n, units)."""

    low_slope: np.ndarray
    low: np.ndarray
    high_slope: np.ndarray
    high: np.ndarray


@dataclasses.dataclass(frozen=True)
class Curve:
    """A non-decreasing function of each unit by itself.

    Attributes:
        name: Of the layer that applies it.
        function: float64 -> float64.
        lines: (least, greatest) -> `Lines`.
        bent: (least, greatest) -> where it is no straight line, a mask.
        error: How far float32 is off, at most.
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    lines: Callable[[np.ndarray, np.ndarray], Lines]
    bent: Callable[[np.ndarray, np.ndarray], np.ndarray]
    error: float = 0.0

    def range(
        self, least: np.ndarray, greatest: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the least and the greatest outputs."""
        return self.function(least), self.function(greatest)


@dataclasses.dataclass(frozen=True, eq=False)
class WindowMax:
    """The largest of each group of neighbouring inputs.

    Attributes:
        name: Of the layer.
        inside: bool, (outputs, size): False for padding, which never wins.
    """

    name: str
    inside: np.ndarray
    error: float = 0.0

    @property
    def size(self) -> int:
        """Inputs of one output."""
        return self.inside.shape[1]

    def range(
        self, least: np.ndarray, greatest: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the least and the greatest outputs, (n, outputs)."""
        return self._windows(least).max(2), self._windows(greatest).max(2)

    def lines(self, least: np.ndarray, greatest: np.ndarray) -> Lines:
        """Returns two planes a window, as a line for each input; they add up.

        Below: the input whose least value is greatest. Above: with L that
        value, L + sum_j s_j (z_j - l_j), s_j = max(0, (u_j - L) / (u_j - l_j)).
        This holds: the largest input less the sum is convex, so it is largest
        at a corner of the box, and there at most L. One input that beats all
        others is passed as it is. Where many compete, the constant max u_j is
        lower in the middle, and taken.
        """
        n, units = least.shape
        low, high = self._windows(least), self._windows(greatest)
        winner = low.argmax(axis=2)[:, :, None]
        level = np.take_along_axis(low, winner, axis=2)
        over = np.maximum(high - level, 0)
        top = over.max(axis=2, keepdims=True)
        plane = over.sum(axis=2, keepdims=True) / 2 <= top
        width = np.where(over > 0, high - low, 1)
        slope = np.where(plane, over / width, 0)
        # The winner's own slope is 1, also where its range is a point.
        one = np.arange(self.size) == winner
        slope = np.where(plane & one, 1, slope)
        slope = np.where(self.inside, slope, 0)
        below = np.where(self.inside, low, 0)
        constant = np.where(plane, level, level + top)
        constant = constant - (slope * below).sum(axis=2, keepdims=True)
        first = np.arange(self.size) == 0
        shape = (n, units)
        return Lines(
            one.astype(float).reshape(shape),
            np.zeros(shape),
            slope.reshape(shape),
            np.where(first, _up(constant), 0).reshape(shape),
        )

    def bent(self, least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
        """Returns which inputs compete for a window, (n, units)."""
        low, high = self._windows(least), self._windows(greatest)
        rivals = high > low.max(axis=2, keepdims=True)
        many = rivals & (rivals.sum(axis=2, keepdims=True) > 1)
        return many.reshape(least.shape)

    def _windows(self, values: np.ndarray) -> np.ndarray:
        shape = (len(values), *self.inside.shape)
        return np.where(self.inside, values.reshape(shape), _NEVER)


def rectifier(name: str, negative_slope: float = 0.0) -> Curve:
    """Returns max(z, negative_slope z), 0 <= negative_slope <= 1."""
    leak = negative_slope

    def function(z: np.ndarray) -> np.ndarray:
        return np.where(z > 0, z, leak * z)

    def bends(least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
        return (least < 0) & (greatest > 0)

    def lines(least: np.ndarray, greatest: np.ndarray) -> Lines:
        bent = bends(least, greatest)
        width = np.where(bent, greatest - least, 1)
        straight = np.where(least >= 0, 1, leak)
        chord = np.where(bent, (greatest - leak * least) / width, straight)
        # Below, the branch that leaves the smaller area.
        below = np.where(greatest > -least, 1, leak)
        return Lines(
            np.where(bent, below, straight),
            np.zeros_like(least),
            chord,
            np.where(bent, _up((leak - chord) * least), 0),
        )

    return Curve(name, function, lines, bends)


def sigmoid(name: str) -> Curve:
    """Returns 1 / (1 + exp(-z))."""
    # TensorFlow's float32 sigmoid is off by 2.4 roundings, tanh by 5.5.
    return _s_shaped(
        name,
        scipy.special.expit,
        lambda z: scipy.special.expit(z) * scipy.special.expit(-z),
        total=1.0,
    )


def tanh(name: str) -> Curve:
    """Returns the hyperbolic tangent."""
    return _s_shaped(
        name, np.tanh, lambda z: 1 / np.cosh(np.minimum(np.abs(z), 300)) ** 2, 0
    )


def _s_shaped(
    name: str,
    function: Callable[[np.ndarray], np.ndarray],
    derivative: Callable[[np.ndarray], np.ndarray],
    total: float,
) -> Curve:
    """A curve that is convex below 0, concave above, f(z) + f(-z) = total."""

    def above(
        least: np.ndarray, greatest: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slope and constant of a line above the curve.

        A tangent at d >= 0 is above the whole range if it is at its left end:
        to the right of 0 by concavity, to the left because line less curve is
        concave there and positive at both ends. If the tangent at the right end
        is not, the chord is above.
        """
        left = function(least)

        def holds(d: np.ndarray) -> np.ndarray:
            return function(d) + derivative(d) * (least - d) >= left

        # Bisection: `outer` holds all the while, after any number of steps.
        inner, outer = np.maximum(least, 0), greatest
        tangent = (greatest > 0) & holds(greatest)
        for _ in range(_HALVINGS):
            middle = (inner + outer) / 2
            good = holds(middle)
            outer = np.where(good, middle, outer)
            inner = np.where(good, inner, middle)
        point = np.maximum(outer, (least + greatest) / 2)
        width = greatest - least
        narrow = width < 1e-9
        chord = (function(greatest) - left) / np.where(narrow, 1, width)
        slope = np.where(tangent, derivative(point), chord)
        constant = np.where(
            tangent, function(point) - slope * point, left - slope * least
        )
        slope = np.where(narrow, 0, slope)
        return slope, np.where(narrow, function(greatest), constant) + _ROUNDING

    def lines(least: np.ndarray, greatest: np.ndarray) -> Lines:
        # Turned by half a turn, the line below is the line above.
        low_slope, turned = above(-greatest, -least)
        return Lines(low_slope, total - turned, *above(least, greatest))

    def bent(least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
        return np.ones(least.shape, bool)

    return Curve(name, function, lines, bent, error=16 * 2.0**-24)


def _up(values: np.ndarray) -> np.ndarray:
    return values + _ROUNDING * np.abs(values)
