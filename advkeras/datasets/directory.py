"""A folder of pictures: one folder a class, or a table beside them."""

import os
from collections.abc import Sequence
from pathlib import Path

from advkeras import checks
from advkeras.datasets import pictures
from advkeras.datasets import table
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import check_size

_SPLITS = ("train", "test")


def from_directory(
    path: str | os.PathLike[str],
    image_size: tuple[int, int] | None = None,
    bounds: checks.Bounds = (0.0, 1.0),
    split: str = "all",
) -> ImageSet:
    """Opens a folder of PNG and JPEG files.

    Classes are the sorted names of its sub-folders, as
    `keras.utils.image_dataset_from_directory` has them. Or a table,
    `labels.csv` or the only .csv, has the columns `file` and `label`.

    Where sub-folders named train or test hold the folders of classes, each
    sub-folder is a split. Otherwise a fifth of the pictures, always the same,
    is "test", and the others are "train". Pictures come in one mixed order,
    so that a slice of them has all classes.

    Pictures have one channel if all are grey, and otherwise three. They are
    decoded as they are read, and never held together.

    Args:
        path: The folder.
        image_size: (height, width) to resize to; needed where the pictures
            differ in size.
        bounds: What black and white become.
        split: Which part, in the syntax of TFDS: "all", "test", "train[:100]".

    Returns:
        The pictures. Files that cannot be read are warned of, and are the
        set's `unreadable`.

    Raises:
        ValueError: There is no such folder or split, no picture that can be
            read, a class without one, a table that is wrong, or pictures
            differ in size and no `image_size` is given.

    Example:
        >>> photos = ak.datasets.from_directory("photos", image_size=(32, 32))
        >>> images, labels = photos.sample(100)
    """
    bounds = checks.check_bounds(bounds)
    image_size = check_size(image_size)
    return load(os.fspath(path), (split,), bounds, image_size)[0]


def load(
    name: str,
    names: Sequence[str],
    bounds: checks.Bounds,
    image_size: tuple[int, int] | None,
) -> tuple[ImageSet, ...]:
    """Returns splits of a folder; see `advkeras.datasets.load`."""
    folder = Path(name)
    if not folder.is_dir():
        raise ValueError(f"`path` must be a folder. Received: path={name!r}")
    found = table.find(folder)
    listing = table.read(found) if found else _read(folder)
    return pictures.load(name, listing, names, bounds, image_size)


def _read(folder: Path) -> pictures.Listing:
    inner = _folders(folder)
    split_up = any(_folders(folder / name) for name in _SPLITS if name in inner)
    parts: dict[str | None, Path] = (
        {name: folder / name for name in inner} if split_up else {None: folder}
    )
    # Of all splits: a class may be in one and not in another.
    classes = sorted({c for part in parts.values() for c in _folders(part)})
    if not classes:
        raise ValueError(
            "`path` must hold a folder of PNG or JPEG files for each class, "
            "or labels.csv. Received: "
            f"path={str(folder)!r}, which has no folder and not one .csv"
        )
    return pictures.Listing(
        tuple(classes),
        {
            name: [
                (file, label)
                for label, class_name in enumerate(classes)
                for file in _files(part / class_name)
            ]
            for name, part in parts.items()
        },
    )


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def _files(folder: Path) -> list[Path]:
    """Returns all files below a class's folder, sorted, but for hidden ones."""
    if not folder.is_dir():
        return []
    files = sorted(
        path
        for path in folder.rglob("[!.]*")
        if path.is_file() and path.name != "Thumbs.db"
    )
    if not files:
        raise ValueError(
            "`path` must have a picture in the folder of each class. "
            f"Received: no file in {folder}"
        )
    return files
