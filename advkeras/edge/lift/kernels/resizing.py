"""RESIZE_BILINEAR: the weight of a pixel is a number of 10 or 11 bits."""

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift.graph import Operator

_ONE = {True: 1 << 11, False: 1 << 10}  # the weight 1, of fast kernels or not


def resize_bilinear(op: Operator, given: tf.Tensor) -> tf.Tensor | None:
    """The sum of four pixels times their weights."""
    size, old = op.inputs[1], given.shape[1:3]
    if size is None or size.data is None or None in list(old):
        return None
    fast = fixed_point.is_fast(op)
    if not fast and given_type(op) == "uint8":
        return None  # in floats
    one = _ONE[fast]
    places = [
        (_fast_places if fast else _places)(before, int(after), op)
        for before, after in zip(old, np.ravel(size.data), strict=True)
    ]
    found = given
    for axis, (first, second, weights) in enumerate(places, start=1):
        along = [1, 1, 1, 1]
        along[axis] = -1
        weight = tf.constant(weights.reshape(along), tf.int64)
        found = tf.gather(found, first, axis=axis) * (one - weight) + (
            tf.gather(found, second, axis=axis) * weight
        )
    if fast:
        # Halves up, which of -1/2 is 0.
        return tf.math.floordiv(found + one * one // 2, one * one)
    return fixed_point.divided(found, one * one)


def given_type(op: Operator) -> str | None:
    """Returns the type of what an operator reads first."""
    return None if op.inputs[0] is None else op.inputs[0].dtype


def _places(
    old: int, new: int, op: Operator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns two pixels a place, and the weight of the second in 1/1024."""
    one = _ONE[False]
    if op.options["alignCorners"] and new > 1:
        step = (one * (old - 1) + (new - 1) // 2) // (new - 1)
    else:
        step = (one * old + new // 2) // new
    places = np.arange(new, dtype=np.int64) * step
    if op.options["halfPixelCenters"]:
        places += step // 2 - one // 2
    first = np.maximum(places // one, 0)
    second = np.minimum(-(-places // one), old - 1)
    # Before the first pixel, and behind the last, both are the same.
    return first, np.maximum(second, 0), places - one * first


def _fast_places(
    old: int, new: int, op: Operator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns two pixels a place, and the weight of the second in 1/2048."""
    places = np.arange(new, dtype=np.float32)
    if op.options["alignCorners"] and new > 1:
        step = np.float32(old - 1) / np.float32(new - 1)
    else:
        step = np.float32(old) / np.float32(new)
    if op.options["halfPixelCenters"]:
        places = (places + np.float32(0.5)) * step - np.float32(0.5)
    else:
        places = places * step
    places = np.clip(places, 0, np.float32(old - 1))
    first = places.astype(np.int64)
    weights = np.rint((places - first) * np.float32(_ONE[True]))
    return first, np.minimum(first + 1, old - 1), weights.astype(np.int64)
