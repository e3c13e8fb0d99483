"""What fit() hands to a step: one batch of images with labels, checked."""

from typing import Any

import tensorflow as tf

from advkeras import channels
from advkeras import checks


def images_of(x: Any, wanted: tuple[int | None, ...]) -> Any:
    """Returns a batch of images as a model takes them.

    Args:
        x: What `fit()` was given as `x`.
        wanted: Shape of an image.

    Raises:
        ValueError: It is no batch of such images.
    """
    if isinstance(x, (list, tuple)) and len(x) == 1:
        x = x[0]
    shape = getattr(x, "shape", None)
    if shape is not None and shape.rank == len(wanted) and wanted[-1] == 1:
        return x[..., None]  # as keras.datasets has MNIST
    if shape is None or shape.rank not in (None, len(wanted) + 1):
        given = type(x).__name__ if shape is None else f"shape {shape}"
        raise ValueError(
            f"`x` must be one batch of images, each of shape {wanted}. "
            f"Received: x of {given}"
        )
    return x


def within(images: tf.Tensor, bounds: checks.Bounds) -> tf.Tensor:
    """Returns the images; the step fails where they are outside the bounds."""
    together = channels.count_of(bounds[0]) is None
    axes = None if together else list(range(images.shape.rank - 1))
    low, high = tf.reduce_min(images, axes), tf.reduce_max(images, axes)
    lower, upper = channels.lower_upper(bounds)
    found = tf.debugging.Assert(  # which XLA leaves out
        tf.reduce_all((low >= lower) & (high <= upper)),
        [
            f"`x` must be within bounds=({channels.in_words(bounds[0])}, "
            f"{channels.in_words(bounds[1])}). "
            "Rescale the images, or say the bounds that this model was trained "
            "with. Received: values from, to",
            low,
            high,
        ],
    )
    # What waits for the images waits for this: no weight is changed before.
    with tf.control_dependencies([] if found is None else [found]):
        return tf.identity(images)


def labels_of(y: Any) -> tf.Tensor:
    """Returns labels, int64, (n,), of integers, (n,) or (n, 1), or one-hot.

    Raises:
        ValueError: There are none.
    """
    if not hasattr(y, "shape"):
        raise ValueError(
            "`y` must be labels, integers or one-hot: examples are made "
            f"against them. Received: y of {type(y).__name__}"
        )

    def integers() -> tf.Tensor:
        return tf.cast(tf.reshape(y, (-1,)), tf.int64)

    if y.shape.rank != 2 or y.shape[1] == 1:
        return integers()
    if y.shape[1] is not None:
        return tf.argmax(y, axis=1)
    return tf.cond(tf.shape(y)[1] > 1, lambda: tf.argmax(y, axis=1), integers)
