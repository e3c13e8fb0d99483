"""An .npz file of images and labels, read as a stream."""

import contextlib
import functools
import zipfile
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras import packed
from advkeras.datasets import splits
from advkeras.datasets.arrays import check_pixels
from advkeras.datasets.arrays import image_set
from advkeras.datasets.arrays import named_labels
from advkeras.datasets.arrays import rows_at_once
from advkeras.datasets.image_set import ImageSet

# Of labels and names of classes, which are read whole; images are a stream.
_MAX_GB = 1.0


def load(
    name: str,
    names: Sequence[str],
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns splits of an .npz file; see `advkeras.datasets.load`.

    Its arrays are `images` and `labels`, or, as Keras has them, `x_train`,
    `y_train`, `x_test` and `y_test`; `class_names` may be another. Images are
    read as a stream, from a compressed file too, and keep the file's order.
    """
    file = Path(name).absolute()
    with _reading(name), np.load(file, allow_pickle=False) as stored:
        arrays = stored.files
    keys = _keys(name, arrays)
    whole = {"class_names", *(y for _, y in keys.values())}
    with _reading(name):
        packed.check_sizes(file, _MAX_GB, whole)
    with _reading(name), np.load(file, allow_pickle=False) as stored:
        headers = {x: _header(file, x) for x, _ in keys.values()}
        parts = [stored[y] for _, y in keys.values()]
        given = stored["class_names"] if "class_names" in arrays else None
    shapes = {x: shape for x, (shape, _) in headers.items()}
    shape = next(iter(shapes.values()))
    for (x, y), part in zip(keys.values(), parts, strict=True):
        check_pixels(f"{x} of {name}", headers[x][1], shapes[x])
        alike = shapes[x][1:] == shape[1:] and part.ndim == parts[0].ndim
        if not alike or part.shape[:1] != shapes[x][:1]:
            raise ValueError(
                f"`{x}` and `{y}` of {name} must have a label for each image, "
                "and all one shape. Received: "
                f"{x}.shape={shapes[x]}, {y}.shape={part.shape}"
            )
    labels, class_names = named_labels(
        f"labels of {name}",
        np.concatenate(parts),
        sum(map(len, parts)),
        None if given is None else [str(one) for one in given],
    )
    counts = {split: len(part) for split, part in zip(keys, parts, strict=True)}
    order = np.arange(len(labels))
    if list(keys) == ["all"]:
        counts = splits.shares(len(labels))
        # Each share keeps the order of the file.
        train, test = np.split(splits.mixed(len(labels)), [counts["train"]])
        order = np.concatenate([np.sort(train), np.sort(test)])
    read = functools.partial(_read, file, shapes)
    return tuple(
        image_set(
            name,
            split,
            class_names,
            bounds,
            shape,
            labels,
            order[splits.rows(split, counts)],
            read,
            image_size,
        )
        for split in names
    )


def _reading(name: str) -> contextlib.AbstractContextManager[None]:
    return files.reading("dataset", name, "an .npz file that NumPy can read")


def _keys(name: str, stored: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Returns split -> names of its images and labels."""
    keys = {
        "train": ("x_train", "y_train"),
        "test": ("x_test", "y_test"),
        "all": ("images", "labels"),
    }
    found = {k: pair for k, pair in keys.items() if {*pair} <= {*stored}}
    if len(found) > 1:
        found.pop("all", None)
    if not found:
        raise ValueError(
            "`dataset` must be an .npz with the arrays images and labels, or "
            "x_test and y_test, or x_train and y_train. "
            f"Received: dataset={name!r} with {', '.join(stored) or 'none'}"
        )
    return found


def _open(member: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Reads an array's header: shape and type."""
    shape, fortran, dtype = packed.header(member)
    if fortran and len(shape) > 1:
        raise ValueError("images are in Fortran's order: np.ascontiguousarray")
    return shape, dtype


def _header(file: Path, key: str) -> tuple[tuple[int, ...], np.dtype]:
    with zipfile.ZipFile(file) as pack, pack.open(f"{key}.npy") as member:
        shape, dtype = _open(member)
        held = pack.getinfo(f"{key}.npy").file_size - member.tell()
        packed.check_declared(key, shape, dtype, held)
        return shape, dtype


def _read(
    file: Path, shapes: dict[str, tuple[int, ...]], rows: np.ndarray
) -> Iterator[np.ndarray]:
    """Reads rows of the images, of all arrays laid end to end.

    A packed file is only read forwards, so each rising run of rows of an
    array is one pass over it.
    """
    ends = np.cumsum([shape[0] for shape in shapes.values()])
    array = np.searchsorted(ends, rows, side="right")
    turns = (np.diff(rows) <= 0) | (np.diff(array) != 0)
    for run in np.split(rows, np.flatnonzero(turns) + 1):
        if not len(run):
            continue
        which = int(np.searchsorted(ends, run[0], side="right"))
        key, shape = list(shapes.items())[which]
        places = run - (ends[which] - shape[0])
        row_bytes = int(np.prod(shape[1:]))
        size = rows_at_once(shape)
        with zipfile.ZipFile(file) as pack, pack.open(f"{key}.npy") as member:
            _open(member)
            for start in range(0, int(places[-1]) + 1, size):
                count = min(size, shape[0] - start)
                chunk = np.frombuffer(member.read(count * row_bytes), np.uint8)
                here = places[(places >= start) & (places < start + count)]
                yield chunk.reshape(count, *shape[1:])[here - start]
