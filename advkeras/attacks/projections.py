"""Projections onto balls: the nearest point of one, in each norm."""

import tensorflow as tf


def onto_ball(change: tf.Tensor, norm: str, radius: tf.Tensor) -> tf.Tensor:
    """Returns the nearest changes, in l2, of which the norm is a radius.

    Args:
        change: (n, height, width, channels).
        norm: "linf", "l2", "l1", or "l0": the number of values that differ.
        radius: The most that the norm may be, (n,).

    Returns:
        As `change`; what is inside already stays.
    """
    shape = tf.shape(change)
    flat = tf.reshape(change, (shape[0], -1))
    radius = radius[:, None]
    if norm == "linf":
        held = tf.clip_by_value(flat, -radius, radius)
    elif norm == "l2":
        length = tf.norm(flat, axis=1, keepdims=True)
        held = flat * tf.where(length > radius, radius / length, 1)
    elif norm == "l1":
        held = _in_l1(flat, radius)
    else:
        held = _in_l0(flat, radius)
    return tf.reshape(held, shape)


def _in_l1(flat: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Lowers all sizes by as much as brings their sum to the radius.

    Duchi, Shalev-Shwartz, Singer and Chandra 2008, figure 1.
    """
    sizes = tf.abs(flat)
    ordered = tf.sort(sizes, axis=1, direction="DESCENDING")
    excess = tf.cumsum(ordered, axis=1) - radius
    count = tf.range(1, tf.shape(flat)[1] + 1)
    lowered = excess / tf.cast(count, flat.dtype)
    # Of the values that stay above 0, which are the first ones, the last.
    last = tf.math.count_nonzero(ordered > lowered, axis=1) - 1
    by = tf.gather(lowered, tf.maximum(last, 0), batch_dims=1)[:, None]
    held = tf.sign(flat) * tf.maximum(sizes - tf.maximum(by, 0), 0)
    return tf.where(tf.math.is_finite(by), held, flat)


def _in_l0(flat: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """Keeps the largest values, the first of those that are as large."""
    sizes = tf.abs(flat)
    ordered = tf.sort(sizes, axis=1, direction="DESCENDING")
    last = tf.clip_by_value(radius, 1, tf.cast(tf.shape(flat)[1], flat.dtype))
    least = tf.gather(ordered, tf.cast(last, tf.int32) - 1, batch_dims=1)
    larger, as_large = sizes > least, sizes == least
    left = radius - _count(larger)[:, -1:]
    return tf.where(larger | (as_large & (_count(as_large) <= left)), flat, 0)


def _count(mask: tf.Tensor) -> tf.Tensor:
    """Returns how many of a row there are up to each place."""
    return tf.cumsum(tf.cast(mask, tf.float32), axis=1)
