"""Any image-classification set of TensorFlow Datasets."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import requests
import tensorflow as tf
import tensorflow_datasets as tfds

from advkeras import checks
from advkeras.datasets import splits
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import kept
from advkeras.datasets.image_set import sizes_differ

# TFDS reads these by the numbers of their examples, and as no stream.
_OF_RANDOM_ACCESS = {tfds.core.FileFormat.ARRAY_RECORD}
_AT_ONCE = 64  # examples read at a time


def load(
    name: str,
    names: tuple[str, ...],
    data_dir: str | None,
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns splits of a TFDS set; see `advkeras.datasets.load`."""
    builder = _builder(name, data_dir)
    image_key, label_key = _keys(name, builder.info)
    stored = tuple(builder.info.features[image_key].shape)
    shape = (*(image_size or stored[:2]), stored[-1])
    if None in shape:
        raise sizes_differ(name, image_size)
    _prepare(builder, name, data_dir)

    def stream(split: str, chosen: np.ndarray | None = None) -> tf.data.Dataset:
        if builder.info.file_format in _OF_RANDOM_ACCESS:
            keys = image_key, label_key
            examples = _picked(builder, split, keys, chosen)
        else:
            examples = builder.as_dataset(split=split, shuffle_files=False)
            if chosen is not None:
                examples = kept(examples, chosen)

        def pair(example: dict[str, Any]) -> tuple[Any, Any]:
            return example[image_key], tf.cast(example[label_key], tf.int64)

        return examples.map(pair, num_parallel_calls=2)

    return tuple(
        ImageSet(
            name=name,
            split=split,
            class_names=tuple(builder.info.features[label_key].names),
            bounds=bounds,
            image_shape=shape,
            length=_length(builder, split),
            stream=functools.partial(stream, split),
            choose=functools.partial(stream, split),
            resized_to=None if shape == stored else shape[:2],
        )
        for split in names
    )


def _picked(
    builder: tfds.core.DatasetBuilder,
    split: str,
    keys: tuple[str, str],
    chosen: np.ndarray | None,
) -> tf.data.Dataset:
    """Opens examples of files with random access: no others are read."""
    image_key, label_key = keys
    # TFDS would decode them by OpenCV or Pillow, and a JPEG has other pixels
    # there than the same set has as a stream.
    source = builder.as_data_source(
        split=split, decoders={image_key: tfds.decode.SkipDecoding()}
    )
    rows = np.arange(len(source)) if chosen is None else np.flatnonzero(chosen)

    def stored() -> Iterator[tuple[bytes, int]]:
        for start in range(0, len(rows), _AT_ONCE):
            found = source.__getitems__(rows[start : start + _AT_ONCE].tolist())
            yield from ((one[image_key], one[label_key]) for one in found)

    def decoded(image: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = builder.info.features[image_key]
        return {image_key: feature.decode_example(image), label_key: label}

    return (
        tf.data.Dataset.from_generator(
            stored,
            output_signature=(
                tf.TensorSpec((), tf.string),
                tf.TensorSpec((), tf.int64),
            ),
        )
        .apply(tf.data.experimental.assert_cardinality(len(rows)))
        .map(decoded, num_parallel_calls=2)
    )


def is_known(name: str) -> bool:
    """Returns whether TFDS ships a set of this name."""
    return name in tfds.list_builders(with_community_datasets=False)


def _builder(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        # TFDS looks in many places and fails in as many ways.
        raise ValueError(
            "`dataset` must be 'mnist5k' or the TFDS name of a set, such as "
            "'mnist' or 'cifar10', or a folder of pictures or an .npz file "
            f"that is there. Received: dataset={name!r} "
            f"({type(error).__name__})"
        ) from error


def _keys(name: str, info: tfds.core.DatasetInfo) -> tuple[str, str]:
    kinds = (tfds.features.Image, tfds.features.ClassLabel)
    # A set without "supervised_keys" says it by having one of each.
    keys: tuple[Any, ...] = info.supervised_keys or tuple(
        own[0] if len(own) == 1 else None
        for kind in kinds
        for own in [[k for k, f in info.features.items() if type(f) is kind]]
    )
    found = [type(info.features[key]) for key in keys if key in info.features]
    if found != [*kinds]:
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
    # A RuntimeError: TFDS does not slice "all".
    except (KeyError, ValueError, AssertionError, RuntimeError) as error:
        raise splits.unknown(split, builder.info.splits) from error
    if not length:
        raise splits.empty(split)
    return length
