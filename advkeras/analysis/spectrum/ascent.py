"""Lower bounds: the largest ratio |f(x + r) - f(x)| / |r| that was found."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

STEPS = 20
# Of perturbations, relative to the points that they are added to: small, for
# the steepest slope at a point, and far above what float64 loses.
_SIZE = 1e-3
_NOISE_SCALES = (1.0, 0.1)
# Above this many values one start has to do.
_LARGE = 2**15


def largest_ratio(
    function: Callable[[Any], Any],
    shapes: list[tuple[int, ...]],
    starts: list[np.ndarray] | None = None,
    seed: int = 0,
    steps: int = STEPS,
) -> float:
    """Looks for the pair of points that a function takes furthest apart.

    Every ratio of a pair is a lower bound of the Lipschitz constant. Each
    step turns r to where the Jacobian at x + r, transposed, takes f(x + r) -
    f(x), which is a step of power iteration, and moves x up the gradient of
    the ratio by a length that shrinks to 0. All of it in float64. The points
    may leave the range of pictures, as the upper bounds hold there too.

    Args:
        function: Of a batch of float64 tensors, or of a list of them.
        shapes: Shape of each input, without the batch.
        starts: Points to start at, one array for each input; None for
            Gaussian noise of several sizes, and zero; of large inputs one.
        seed: Seed of the noise and of the first perturbations.
        steps: Evaluations.

    Returns:
        The largest ratio, over all starts and steps.
    """
    sizes = [math.prod(shape) for shape in shapes]
    n = sum(sizes)
    random = np.random.default_rng(seed)
    if starts is None:
        scales = np.array([*_NOISE_SCALES, 0.0])[:, None]
        scales = scales[: 1 if n > _LARGE else None]
        x = scales * random.standard_normal((len(scales), n))
        unit = np.where(scales > 0, scales, min(_NOISE_SCALES))
    else:
        x = np.concatenate([np.reshape(s, (len(s), -1)) for s in starts], 1)
        unit = np.maximum(np.sqrt((x**2).mean(axis=1, keepdims=True)), 1e-3)
    unit = unit * math.sqrt(n)
    r = _SIZE * unit * _units(random.standard_normal(x.shape)).numpy()

    def values(x: Any) -> Any:
        parts = [
            tf.reshape(part, (-1, *shape))
            for part, shape in zip(
                tf.split(x, sizes, axis=1), shapes, strict=True
            )
        ]
        found = function(parts[0] if len(parts) == 1 else parts)
        return tf.concat(
            [
                tf.reshape(y, (tf.shape(x)[0], -1))
                for y in tf.nest.flatten(found)
            ],
            1,
        )

    @functools.partial(tf.function, autograph=False)
    def step(x: Any, r: Any, length: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch([x, r])
            apart = values(x + r) - values(x)
            half_square = tf.reduce_sum(apart**2) / 2
        up, turned = tape.gradient(
            half_square,
            [x, r],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        ratio = tf.norm(apart, axis=1) / tf.norm(r, axis=1)
        # Where nothing changes there is nowhere to turn to.
        turned = tf.where(tf.norm(turned, axis=1, keepdims=True) > 0, turned, r)
        turned = _units(turned) * tf.norm(r, axis=1, keepdims=True)
        return ratio, x + length * _units(up), turned

    best = 0.0
    x, r = tf.constant(x), tf.constant(r)
    for k in range(steps):
        length = tf.constant(0.1 * unit * (1 - k / steps))
        ratio, x, r = step(x, r, length)
        best = max(best, float(tf.reduce_max(ratio)))
    return best


def _units(rows: Any) -> Any:
    """Scales each row to length 1, or leaves it at zero."""
    return tf.math.divide_no_nan(rows, tf.norm(rows, axis=1, keepdims=True))
