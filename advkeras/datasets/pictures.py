"""PNG and JPEG files with a class each: looked at once, read as a stream."""

import dataclasses
import os
import warnings
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tensorflow as tf
from PIL import Image

from advkeras import checks
from advkeras.datasets import splits
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import sizes_differ

_GREY = {"1", "L", "LA", "I", "I;16"}
_END_OF_JPEG = b"\xff\xd9"


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a data set, before any is opened.

    Attributes:
        class_names: What each label stands for.
        parts: Split -> (file, label) of each picture; None as the only
            split, where the set names none.
    """

    class_names: tuple[str, ...]
    parts: Mapping[str | None, Sequence[tuple[Path, int]]]


def load(
    name: str,
    listing: Listing,
    names: Sequence[str],
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns splits of a listing.

    Args:
        name: What to call the set.
        listing: Its files. Each is looked at, but no pixel is decoded.
        names: The splits.
        bounds: What black and white become.
        image_size: (height, width) to resize to.

    Raises:
        ValueError: No file can be read, there is no such split, or the
            pictures differ in size and no `image_size` is given.
    """
    files: list[str] = []
    labels: list[int] = []
    counts: dict[str, int] = {}
    modes: set[str] = set()
    sizes: set[tuple[int, int]] = set()
    unreadable: list[str] = []
    for split, part in listing.parts.items():
        readable = []
        for path, label in part:
            found = _look(path)
            if found is None:
                unreadable.append(str(path))
                continue
            readable.append((str(path.absolute()), label))
            modes.add(found[0])
            sizes.add(found[1])
        # Folders are sorted by class, and a slice shall have all of them.
        for row in splits.mixed(len(readable)):
            files.append(readable[row][0])
            labels.append(readable[row][1])
        n = len(readable)
        counts |= splits.shares(n) if split is None else {split: n}
    total = len(files) + len(unreadable)
    if not files:
        raise ValueError(
            f"`dataset` must have a PNG or JPEG that can be read: of {total} "
            f"files none can, such as {unreadable[0]}. "
            f"Received: dataset={name!r}"
        )
    if unreadable:
        warnings.warn(
            f"{len(unreadable)} of {total} files of {name} cannot be read as "
            f"PNG or JPEG, and are left out: {unreadable[0]}"
            + (", ..." if len(unreadable) > 1 else ""),
            stacklevel=4,  # who called from_directory, or datasets.load
        )
    if image_size is None and len(sizes) > 1:
        raise sizes_differ(name)
    shape = (*(image_size or next(iter(sizes))), 1 if modes <= _GREY else 3)
    resized_to = None if sizes == {shape[:2]} else shape[:2]
    paths = np.array(files, object)
    sets = []
    for split in names:
        rows = splits.rows(split, counts)
        stream = _Stream(
            paths[rows],
            np.array(labels)[rows],
            shape if resized_to is None else (None, None, shape[2]),
        )
        sets.append(
            ImageSet(
                name=name,
                split=split,
                class_names=listing.class_names,
                bounds=bounds,
                image_shape=shape,
                length=len(rows),
                stream=stream,
                choose=stream,
                resized_to=resized_to,
                unreadable=tuple(unreadable),
            )
        )
    return tuple(sets)


@dataclasses.dataclass(frozen=True)
class _Stream:
    """Opens the pictures, or some; they are decoded one by one."""

    files: np.ndarray
    labels: np.ndarray
    shape: tuple[int | None, ...]

    def __call__(self, chosen: np.ndarray | None = None) -> tf.data.Dataset:
        rows = slice(None) if chosen is None else chosen
        examples = tf.data.Dataset.from_tensor_slices(
            (self.files[rows], self.labels[rows].astype(np.int64))
        )
        return examples.map(self._read, num_parallel_calls=2)

    def _read(
        self, file: tf.Tensor, label: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.io.decode_image(
            tf.io.read_file(file), self.shape[2], expand_animations=False
        )
        return tf.ensure_shape(image, self.shape), label


def _look(path: Path) -> tuple[str, tuple[int, int]] | None:
    """Returns mode and (height, width), or None for no whole picture."""
    try:
        with path.open("rb") as file:
            image = Image.open(file, formats=("PNG", "JPEG"))
            found = image.mode, (image.height, image.width)
            if image.format == "PNG":
                image.verify()  # checksums to the end
            elif not _has_end(file):
                return None
    # Pillow says SyntaxError of a broken PNG, and more of worse.
    except Exception:
        return None
    return found


def _has_end(jpeg: BinaryIO) -> bool:
    """Returns whether the pixels of a JPEG have an end.

    Pillow's `verify` passes half a JPEG. Its end is a marker that no pixel
    looks like; a camera may write more behind it.

    Args:
        jpeg: The file, at the first pixel.
    """
    first = jpeg.tell()
    size = jpeg.seek(0, os.SEEK_END)
    for start in (max(first, size - 2**16), first):
        jpeg.seek(start)
        if _END_OF_JPEG in jpeg.read():
            return True
    return False
