"""Balls: all images within a budget of an image, and within the bounds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import noise
from advkeras.attacks import seeds

NORMS = ("linf", "l2")


def inside(
    images: tf.Tensor,
    originals: tf.Tensor,
    norm: str,
    epsilon: Any,
    bounds: checks.Bounds,
) -> tf.Tensor:
    """Returns images with what left the ball, or the bounds, put back.

    Args:
        images: (n, height, width, channels).
        originals: Centres of the balls, as `images`.
        norm: One of `NORMS`.
        epsilon: Radius, a scalar; or one for each channel, (channels,): the
            change over epsilon is then within a ball of radius 1.
        bounds: (lower, upper) of the pixels.
    """
    axes = list(range(1, originals.shape.rank))
    moved = images - originals
    if norm == "linf":
        moved = tf.clip_by_value(moved, -epsilon, epsilon)
    elif len(np.shape(epsilon)):  # in units of each channel's epsilon
        moved = epsilon * tf.clip_by_norm(moved / epsilon, 1.0, axes)
    else:
        moved = tf.clip_by_norm(moved, epsilon, axes)
    return tf.clip_by_value(originals + moved, *channels.lower_upper(bounds))


def points(
    images: np.ndarray, norm: str, epsilon: Any, seed: int, restart: int = 0
) -> np.ndarray:
    """Returns changes within the ball, uniformly.

    Each depends on its image, the seed and the number of the restart alone.
    """
    if norm == "linf":
        return noise.uniform(images, epsilon, seed, restart)
    found = np.empty_like(images)
    for i, image in enumerate(images):
        random = seeds.generator(image, seed, restart)
        direction = random.standard_normal(image.shape)
        radius = epsilon * random.uniform() ** (1 / image.size)
        found[i] = direction * (radius / np.linalg.norm(direction))
    return found


def points_on_tensors(
    images: tf.Tensor, norm: str, epsilon: Any, seed: tf.Tensor
) -> tf.Tensor:
    """Returns changes within the ball, one for each place in a batch."""
    if norm == "linf":
        return noise.uniform_on_tensors(images, epsilon, seed)
    shape = tf.shape(images)
    axes = list(range(1, images.shape.rank))
    direction = tf.random.stateless_normal(shape, seed, dtype=images.dtype)
    length = tf.sqrt(tf.reduce_sum(direction**2, axes, keepdims=True))
    size = tf.cast(tf.reduce_prod(shape[1:]), images.dtype)
    share = tf.random.stateless_uniform(
        tf.shape(length), seed + 1, dtype=images.dtype
    )
    return direction * (epsilon * share ** (1 / size) / length)


def each(numbers: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """Gives numbers of images the rank of the images."""
    return tf.reshape(numbers, (-1, *_ones(images.shape[1:])))


def _ones(shape: Sequence[int | None]) -> tuple[int, ...]:
    return tuple(1 for _ in shape)
