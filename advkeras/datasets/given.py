"""Images as a caller has them: an array, an ImageSet or a tf.data.Dataset."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras import reasons
from advkeras.datasets.image_set import ImageSet

_AT_ONCE = 256  # images read at a time, where the caller says nothing

Shape = tuple[int | None, ...]

# (height, width, channels), each of any size.
ANY_SIZE: Shape = (None, None, None)


def examples_of(
    images: Any,
    labels: Any,
    bounds: checks.Bounds | None,
    shape: Shape | None,
) -> tuple[np.ndarray, Any]:
    """Returns images as a checked array, and the labels that go with them.

    Args:
        images: Array, tensor or list, (n, *shape); an `ImageSet`; or a
            `tf.data.Dataset` of images or of (image, label), one by one or in
            batches, which is read through once.
        labels: What the caller gave besides, or None: then those of the data
            set, if it has any.
        bounds: As for `checks.check_images`; an `ImageSet` must have the
            same.
        shape: As for `checks.check_images`; None for whatever they have.

    Returns:
        Images, float32, (n, *shape), and the labels, an array of n rows of
        whatever kind; None where there are none.

    Raises:
        ValueError: The images are not such, the data set never ends, or there
            are two kinds of labels, or not as many as images.
    """
    if bounds is not None:
        bounds = checks.check_bounds(bounds)
    if isinstance(images, ImageSet):
        _check_set(images, bounds, shape)
        _check_labels_once(labels, images)
        found = checks.check_images(images.images, bounds, images.image_shape)
        return found, images.labels
    if not isinstance(images, tf.data.Dataset):
        images = checks.as_array("images", images)
        if shape is None:
            shape = images.shape[1:]
        images = checks.check_images(images, bounds, shape)
        return images, _rows(labels, len(images))
    spec: Any = images.element_spec
    has_labels = isinstance(spec, tuple) and len(spec) == 2
    if has_labels:
        _check_labels_once(labels, images)
    read = list(_batches(images, bounds, shape, _AT_ONCE))
    try:
        whole = np.concatenate([batch for batch, _ in read])
        if has_labels:
            labels = np.concatenate([batch for _, batch in read])
    except ValueError as error:
        raise ValueError(
            "`images` must be of one size, and their labels of one kind. "
            f"Received: a tf.data.Dataset where they differ ({error})"
        ) from error
    return whole, _rows(labels, len(whole))


def images_of(
    images: Any, bounds: checks.Bounds | None, shape: Shape | None
) -> np.ndarray:
    """Returns images as `examples_of` does, whatever labels they have."""
    return examples_of(images, None, bounds, shape)[0]


def batches_of(
    images: Any, bounds: checks.Bounds | None, shape: Shape, batch_size: int
) -> Iterator[np.ndarray]:
    """Yields images in batches; of a data set no more are held at a time.

    Args:
        images: As for `examples_of`; labels are not looked at.
        bounds: As there.
        shape: As there.
        batch_size: Images a batch, at most.

    Raises:
        ValueError: As `examples_of`; of an array before the first batch, of
            a data set when the batch is read.
    """
    checks.check_count("batch_size", batch_size)
    if bounds is not None:
        bounds = checks.check_bounds(bounds)
    if isinstance(images, ImageSet):
        _check_set(images, bounds, shape)
        images = images.batches(batch_size)
    if isinstance(images, tf.data.Dataset):
        for batch, _ in _batches(images, bounds, shape, batch_size):
            for i in range(0, len(batch), batch_size):
                yield batch[i : i + batch_size]
        return
    images = checks.check_images(images, bounds, shape)
    for i in range(0, len(images), batch_size):
        yield images[i : i + batch_size]


def _batches(
    dataset: tf.data.Dataset,
    bounds: checks.Bounds | None,
    shape: Shape | None,
    batch_size: int,
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields checked images and what labels they have, batch by batch."""
    spec: Any = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    dense = all(isinstance(part, tf.TensorSpec) for part in parts)
    one = 3 if shape is None else len(shape)
    rank = parts[0].shape.rank if dense and 0 < len(parts) <= 2 else None
    if rank not in (one, one + 1):
        raise ValueError(
            "`images` must be a tf.data.Dataset of images, or of pairs of an "
            "image and a label, one by one or in batches. "
            f"Received: element_spec={spec}"
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "`images` must end. Received: a tf.data.Dataset that repeats "
            "without end; take(n) ends it"
        )
    if rank == one:
        dataset = dataset.batch(batch_size)
    some = False
    try:
        for element in dataset:
            batch = element if isinstance(element, tuple) else (element,)
            images = batch[0].numpy()
            if not len(images):
                continue
            some = True
            yield (
                checks.check_images(
                    images, bounds, images.shape[1:] if shape is None else shape
                ),
                batch[1].numpy() if len(batch) == 2 else None,
            )
    except tf.errors.OpError as error:
        raise ValueError(
            "`images` must be a tf.data.Dataset that can be read, of images "
            f"of one size. Received: one that fails ({reasons.of(error)})"
        ) from error
    if not some:
        raise ValueError(
            "`images` must have an image. Received: a tf.data.Dataset of none"
        )


def _check_set(
    data: ImageSet, bounds: checks.Bounds | None, shape: Shape | None
) -> None:
    """Raises ValueError by what a set says of itself, before it is read."""
    if bounds is not None and data.bounds != bounds:
        raise ValueError(
            f"`images` must be within bounds={bounds}. Received: the set "
            f"{data.name!r} within {data.bounds}; load it with "
            f"bounds={bounds}"
        )
    if shape is not None:
        checks.check_shape((len(data), *data.image_shape), shape)


def _rows(labels: Any, n: int) -> np.ndarray | None:
    return None if labels is None else checks.check_rows("labels", labels, n)


def _check_labels_once(labels: Any, images: Any) -> None:
    if labels is not None:
        raise ValueError(
            "`labels` must be None where the images have labels of their own. "
            f"Received: labels of type {type(labels).__name__}, and images of "
            f"type {type(images).__name__} with labels"
        )
