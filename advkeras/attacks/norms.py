"""Norms of perturbations, and the best step within a norm."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks

NORMS = ("linf", "l2", "l1")


def l2(perturbation: np.ndarray) -> np.ndarray:
    """Returns the Euclidean norm of each row, float64, shape (n,)."""
    return np.sqrt(np.square(_rows(perturbation)).sum(axis=1))


def linf(perturbation: np.ndarray) -> np.ndarray:
    """Returns the largest absolute value of each row, float64, shape (n,)."""
    return np.abs(_rows(perturbation)).max(axis=1)


def distortion(perturbation: np.ndarray, bounds: checks.Bounds) -> np.ndarray:
    """Returns sqrt(mean(r^2)) / (upper - lower) of each row, shape (n,).

    The root mean square a pixel of Szegedy et al. 2013, section 4.2; on a
    pixel range of 1 it compares with the standard deviation of noise. Where
    the bounds are one a channel, each is divided by its own range.
    """
    whole: Any = channels.array(channels.range_of(bounds))
    if channels.count_of(bounds[0]) is not None:
        perturbation, whole = perturbation / whole, 1.0
    mean = np.square(_rows(perturbation)).mean(axis=1)
    return np.sqrt(mean) / whole


def steepest_step(
    gradient: tf.Tensor,
    norm: str,
    epsilon: tf.Tensor,
    room: tf.Tensor | None,
) -> tf.Tensor:
    """Returns the step of the given norm that climbs a gradient most.

    linf: epsilon * sign(g), Goodfellow et al. 2014, section 4. l2: epsilon *
    g / |g|. l1: the whole of epsilon on the pixels of largest gradient, each
    as far as its room goes.

    Args:
        gradient: (n, height, width, channels).
        norm: One of `NORMS`.
        epsilon: The norm of each step, in the units of the images, a scalar;
            or one for each channel, (channels,): the step over epsilon is
            then of norm 1.
        room: How far each pixel may move along its gradient, as `gradient`;
            None for no limit. Only l1 needs it, because l1 spends elsewhere
            what one pixel cannot take.

    Returns:
        Steps, as `gradient`; zero where the gradient is zero or not finite.
    """
    if len(np.shape(epsilon)) == 1:
        one = tf.ones((), gradient.dtype)
        if room is not None:
            room = room / epsilon
        return epsilon * steepest_step(gradient * epsilon, norm, one, room)
    gradient = finite(gradient)
    if norm == "linf":
        return epsilon * tf.sign(gradient)
    flat = tf.reshape(gradient, (tf.shape(gradient)[0], -1))
    if norm == "l2":
        # Scaled first: the square of a small gradient is zero in float32.
        largest = tf.reduce_max(tf.abs(flat), axis=1, keepdims=True)
        flat = tf.math.divide_no_nan(flat, largest)
        length = tf.norm(flat, axis=1, keepdims=True)
        step = epsilon * tf.math.divide_no_nan(flat, length)
    else:
        size = tf.abs(flat)
        order = tf.argsort(size, axis=1, direction="DESCENDING", stable=True)
        if room is None:
            room = tf.fill(tf.shape(gradient), epsilon)
        reach = tf.gather(tf.reshape(room, tf.shape(flat)), order, batch_dims=1)
        spent = tf.cumsum(reach, axis=1, exclusive=True)
        share = tf.clip_by_value(epsilon - spent, 0, reach)
        back = tf.argsort(order, axis=1)
        step = tf.gather(share, back, batch_dims=1) * tf.sign(flat)
    return tf.reshape(step, tf.shape(gradient))


def finite(gradient: tf.Tensor) -> tf.Tensor:
    """Returns a gradient, with 0 where it is not finite."""
    # One pass that only reads tells that nearly always nothing is to be done.
    return tf.cond(
        tf.math.is_finite(tf.nn.l2_loss(gradient)),
        lambda: gradient,
        lambda: tf.where(tf.math.is_finite(gradient), gradient, 0),
    )


def _rows(perturbation: np.ndarray) -> np.ndarray:
    return perturbation.reshape(len(perturbation), -1).astype(np.float64)
