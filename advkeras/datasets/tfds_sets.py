"""Any image-classification set of TensorFlow Datasets."""

import functools
from typing import Any

import requests
import tensorflow as tf
import tensorflow_datasets as tfds

from advkeras import checks
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import resize


def load(
    name: str,
    splits: tuple[str, ...],
    data_dir: str | None,
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns splits of a TFDS set; see `advkeras.datasets.load`."""
    builder = _builder(name, data_dir)
    image_key, label_key = _keys(name, builder.info)
    shape = builder.info.features[image_key].shape
    if image_size is not None:
        shape = (*image_size, shape[-1])
    if None in shape:
        raise ValueError(
            f"`image_size` must be given for {name}: its images differ in "
            f"size. Received: image_size={image_size}"
        )
    _prepare(builder, name, data_dir)

    def stream(split: str) -> tf.data.Dataset:
        examples = builder.as_dataset(split=split, shuffle_files=False)

        def pair(example: dict[str, Any]) -> tuple[Any, Any]:
            image = example[image_key]
            if image_size is not None:
                image = tf.ensure_shape(resize(image, image_size), shape)
            return image, tf.cast(example[label_key], tf.int64)

        return examples.map(pair, num_parallel_calls=2)

    return tuple(
        ImageSet(
            name=name,
            split=split,
            class_names=tuple(builder.info.features[label_key].names),
            bounds=bounds,
            image_shape=tuple(shape),
            length=_length(builder, split),
            stream=functools.partial(stream, split),
        )
        for split in splits
    )


def _builder(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        # TFDS looks in many places and fails in as many ways.
        raise ValueError(
            "`dataset` must be 'mnist5k' or the TFDS name of a set, such as "
            f"'mnist' or 'cifar10'. Received: dataset={name!r} "
            f"({type(error).__name__})"
        ) from error


def _keys(name: str, info: tfds.core.DatasetInfo) -> tuple[str, str]:
    keys: tuple[str, ...] = info.supervised_keys or ()
    kinds = [type(info.features[key]) for key in keys if key in info.features]
    if kinds != [tfds.features.Image, tfds.features.ClassLabel]:
        raise ValueError(
            "`dataset` must be a set of images with one class each. "
            f"Received: dataset={name!r} with features "
            f"{', '.join(info.features)}"
        )
    return keys[0], keys[1]


def _prepare(
    builder: tfds.core.DatasetBuilder, name: str, data_dir: str | None
) -> None:
    if builder.is_prepared():
        return
    try:
        # TFDS retries for minutes and leaves folders behind; ask once before.
        for url in list(builder.url_infos)[:1]:
            answer = requests.head(url, timeout=10)
            if answer.status_code != 405:  # "HEAD is not allowed" is a yes
                answer.raise_for_status()
        builder.download_and_prepare()
    except Exception as error:
        raise ValueError(
            f"`dataset` {name!r} is not on this machine and cannot be fetched "
            f"({type(error).__name__}). Either pass --data_dir (or set "
            "TFDS_DATA_DIR) to a folder that holds it, or take "
            "digits that need no network: --dataset=mnist5k, or "
            "--scale=small where an app has it. "
            f"Received: dataset={name!r}, data_dir={data_dir!r}"
        ) from error


def _length(builder: tfds.core.DatasetBuilder, split: str) -> int:
    try:
        length = builder.info.splits[split].num_examples
    except (KeyError, ValueError, AssertionError) as error:
        raise ValueError(
            f"`split` must be of {', '.join(builder.info.splits)}, or a slice "
            f"such as 'train[:30000]'. Received: split={split!r}"
        ) from error
    if not length:
        raise ValueError(
            f"`split` must have at least one image. Received: split={split!r}"
        )
    return length
