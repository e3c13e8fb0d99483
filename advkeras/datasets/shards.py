"""Shards: images cut at fixed places, of which a few are held at a time."""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.datasets.given import examples_of
from advkeras.datasets.image_set import ImageSet

# Images that an attack works on at once. What it finds of one depends, in its
# last bits, on the others beside it, so that shards are cut alike everywhere.
_BATCH = 256
# Images of a shard. The last ones of each have nobody to share a round with, so
# that more than a batch costs less an image.
SIZE = 2 * _BATCH


@dataclasses.dataclass(frozen=True)
class Shard:
    """Some images that follow each other.

    Attributes:
        start: Number of the first.
        images: Float32, (n, height, width, channels).
        labels: Int64, (n,), or one-hot; None where there are none.
    """

    start: int
    images: np.ndarray
    labels: Any


@dataclasses.dataclass(frozen=True)
class Shards:
    """Images in shards.

    Attributes:
        length: Number of images.
        size: Images of a shard; of the last there may be fewer.
        fingerprint: SHA-256 of what says which images these are, in hex.
        open: Yields the shards, from the first.
    """

    length: int
    size: int
    fingerprint: str
    open: Callable[[], Iterator[Shard]] = dataclasses.field(repr=False)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Shard]:
        return self.open()

    @property
    def starts(self) -> range:
        """Number of the first image of each shard."""
        return range(0, self.length, self.size)

    def first(self, n: int) -> tuple[np.ndarray, Any]:
        """Returns the first n images, or all if there are fewer, and labels."""
        needed = itertools.islice(self, -(-n // self.size))
        parts = [(shard.images, shard.labels) for shard in needed]
        images, labels = map(list, zip(*parts, strict=True))
        joined = None if labels[0] is None else np.concatenate(labels)[:n]
        return np.concatenate(images)[:n], joined


def of_sample(
    data: ImageSet, n: int, seed: int = 0, size: int = SIZE
) -> Shards:
    """Returns `data.sample(n, seed)` in shards, read from the set each time.

    Args:
        data: The set.
        n: How many images; all, if there are fewer.
        seed: Seed of the choice.
        size: Images of a shard, a multiple of 256.

    Raises:
        ValueError: One of them is not as described.
    """
    check_size(size)
    chosen = data.chosen(n, seed)
    digest = hashlib.sha256(data.fingerprint.encode())
    digest.update(np.packbits(chosen).tobytes())

    def open_all() -> Iterator[Shard]:
        start = 0
        for images, labels in data.batches_of(chosen, size):
            yield Shard(start, images, labels)
            start += len(images)

    return Shards(int(chosen.sum()), size, digest.hexdigest(), open_all)


def of_arrays(images: Any, labels: Any = None, size: int = SIZE) -> Shards:
    """Returns images of any kind in shards.

    Args:
        images: As attacks take them.
        labels: Likewise.
        size: Images of a shard, a multiple of 256.

    Raises:
        ValueError: One of them is not as described.
    """
    check_size(size)
    images, labels = examples_of(images, labels, None, None)

    def open_all() -> Iterator[Shard]:
        for start in range(0, len(images), size):
            rows = slice(start, start + size)
            own = None if labels is None else labels[rows]
            yield Shard(start, images[rows], own)

    return Shards(len(images), size, fingerprint_of(images, labels), open_all)


def fingerprint_of(images: Any, labels: Any = None) -> str:
    """Returns the SHA-256 of images of any kind and their labels, in hex.

    Labels are the same as numbers of any type and as one-hot.

    Args:
        images: As attacks take them.
        labels: Likewise.
    """
    if isinstance(images, ImageSet):
        return images.fingerprint
    images, labels = examples_of(images, labels, None, None)
    digest = hashlib.sha256(_sum(images).encode())
    if labels is not None:
        digest.update(sum_of_labels(labels).encode())
    return digest.hexdigest()


def sum_of_labels(labels: Any) -> str:
    """Returns the SHA-256 of labels, the same in any form, in hex.

    Args:
        labels: Integers of any type, (n,) or (n, 1), or one-hot rows. What is
            neither is left for others to refuse.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind in "biuf" and labels.ndim == 2:
        one = labels.shape[1] == 1
        labels = labels[:, 0] if one else labels.argmax(axis=1)
    whole = labels.dtype.kind in "iu"
    return _sum(labels.astype(np.int64) if whole else labels)


def _sum(values: np.ndarray) -> str:
    digest = hashlib.sha256(f"{values.dtype} {values.shape}\n".encode())
    digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def check_size(size: int) -> None:
    """Raises ValueError unless it is a multiple of 256."""
    checks.check_count("shard", size)
    if size % _BATCH:
        raise ValueError(
            f"`shard` must be a multiple of {_BATCH}, the images that an "
            f"attack works on at once. Received: shard={size}"
        )
