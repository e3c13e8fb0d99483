"""Any tf.data.Dataset of uint8 images and labels as an ImageSet."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.datasets.arrays import check_labels
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import check_size
from advkeras.datasets.image_set import kept
from advkeras.datasets.image_set import sizes_differ


def from_tf_data(
    dataset: tf.data.Dataset,
    class_names: Sequence[str],
    bounds: checks.Bounds = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
    name: str = "tf.data",
) -> ImageSet:
    """Makes a data set of a `tf.data.Dataset`, which is read through once.

    Args:
        dataset: (image, label) each, or in batches: uint8 pixels 0 .. 255 of
            one or three channels, and integers. It ends, and gives the same
            order each time: `shuffle` needs `reshuffle_each_iteration=False`.
        class_names: What each label stands for.
        bounds: What black and white become.
        image_size: (height, width) to resize to; needed where the images
            differ in size.
        name: What to call the set.

    Returns:
        All images, as the split "all".

    Raises:
        ValueError: Its elements are others, as floats are; it has none, or
            never ends; or a label has no class.

    Example:
        >>> photos = keras.utils.image_dataset_from_directory(
        ...     "photos", image_size=(32, 32), shuffle=False)
        >>> photos_set = ak.datasets.from_tf_data(
        ...     photos.map(lambda x, y: (tf.cast(tf.round(x), tf.uint8), y)),
        ...     photos.class_names)
    """
    bounds = checks.check_bounds(bounds)
    image_size = check_size(image_size)
    names = tuple(map(str, class_names))
    examples = _single(dataset)
    stored = tuple(examples.element_spec[0].shape)
    if image_size is None and None in stored[:2]:
        raise sizes_differ(name)
    shape = (*(image_size or stored[:2]), stored[2])
    labels = np.array([], np.int64)
    for part in examples.map(lambda _, y: y).batch(1000):
        labels = np.append(labels, part.numpy().astype(np.int64))
    if not len(labels):
        raise ValueError("`dataset` must have an image. Received: none")
    check_labels("labels", labels, len(labels), names)

    def stream(chosen: np.ndarray | None = None) -> tf.data.Dataset:
        pairs = examples if chosen is None else kept(examples, chosen)

        return pairs.map(lambda image, label: (image, tf.cast(label, tf.int64)))

    return ImageSet(
        name=name,
        split="all",
        class_names=names,
        bounds=bounds,
        image_shape=shape,
        length=len(labels),
        stream=stream,
        choose=stream,
        resized_to=None if shape == stored else shape[:2],
    )


def _single(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the examples one by one, of specs that are right."""
    spec: Any = getattr(dataset, "element_spec", None)
    fits = isinstance(spec, tuple) and len(spec) == 2
    if fits:
        ranks = [one.shape.rank for one in spec]
        if ranks in ([4, 1], [4, 2]):
            dataset = dataset.unbatch()
            spec = dataset.element_spec
            ranks = [one.shape.rank for one in spec]
        fits = (
            ranks == [3, 0]
            and spec[0].dtype == tf.uint8
            and spec[0].shape[2] in (1, 3)
            and spec[1].dtype.is_integer
        )
    if not fits:
        raise ValueError(
            "`dataset` must give pairs of a uint8 image, 0 .. 255, of 1 or 3 "
            "channels, and an integer label; floats of 0 .. 255 become so by "
            "tf.cast(tf.round(image), tf.uint8). "
            f"Received: element_spec={spec}"
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("`dataset` must end. Received: one that repeats")
    return dataset
