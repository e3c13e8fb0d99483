"""One class of a data set against as many images of the others."""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import check_set


def one_against_others(data: ImageSet, class_name: str) -> ImageSet:
    """Returns all images of one class, and as many of the others.

    Those of the others are the first that there are, of all classes as they
    come. Labels are 1 for the class and 0 for "other"; both have the same
    count, so that an error is the mean of the two classes' errors.

    Args:
        data: Any split, of at least twice as many images as the class has.
        class_name: Name of the class.

    Returns:
        A split named as `load` names it, in the order of `data`.

    Raises:
        ValueError: It is no `ImageSet`, or there is no such class.
    """
    check_set("data", data)
    checks.check_choice("class_name", class_name, data.class_names)
    label = data.class_names.index(class_name)
    batches = data.stream().map(lambda _, y: y).batch(1000)
    labels = np.concatenate([batch.numpy() for batch in batches])
    own = labels == label
    others = ~own & (np.cumsum(~own) <= own.sum())
    wanted = own | others
    return dataclasses.replace(
        data,
        name=f"{data.name}={class_name}",
        class_names=("other", class_name),
        length=int(wanted.sum()),
        stream=functools.partial(_stream, data, label, wanted),
        choose=functools.partial(_stream, data, label, wanted),
    )


def _stream(
    data: ImageSet,
    label: int,
    wanted: np.ndarray,
    chosen: np.ndarray | None = None,
) -> tf.data.Dataset:
    if chosen is not None:
        # Of the wanted those that are chosen, among all images.
        places = np.flatnonzero(wanted)[chosen]
        wanted = np.zeros_like(wanted)
        wanted[places] = True
    return data.some(wanted).map(
        lambda image, y: (image, tf.cast(y == label, tf.int64))
    )
