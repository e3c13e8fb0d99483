"""Data sets: images and labels from TFDS, embedded, or a user's own."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from advkeras import checks
from advkeras.datasets import directory
from advkeras.datasets import embedded
from advkeras.datasets import npz
from advkeras.datasets import tfds_sets
from advkeras.datasets.arrays import from_arrays
from advkeras.datasets.directory import from_directory
from advkeras.datasets.given import ANY_SIZE
from advkeras.datasets.given import batches_of
from advkeras.datasets.given import examples_of
from advkeras.datasets.given import images_of
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.image_set import check_set
from advkeras.datasets.image_set import check_size
from advkeras.datasets.one_class import one_against_others
from advkeras.datasets.shards import fingerprint_of
from advkeras.datasets.tf_data import from_tf_data

__all__ = [
    "ANY_SIZE",
    "ImageSet",
    "batches_of",
    "check_set",
    "examples_of",
    "fingerprint_of",
    "from_arrays",
    "from_directory",
    "from_tf_data",
    "images_of",
    "load",
]


@overload
def load(  # type: ignore[overload-overlap]  # a str is a Sequence[str] too
    name: str | os.PathLike[str],
    splits: str,
    *,
    data_dir: str | None = None,
    bounds: checks.Bounds = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> ImageSet: ...
@overload
def load(
    name: str | os.PathLike[str],
    splits: Sequence[str] = ("train", "test"),
    *,
    data_dir: str | None = None,
    bounds: checks.Bounds = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> tuple[ImageSet, ...]: ...
def load(
    name: str | os.PathLike[str],
    splits: str | Sequence[str] = ("train", "test"),
    *,
    data_dir: str | None = None,
    bounds: checks.Bounds = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> ImageSet | tuple[ImageSet, ...]:
    """Finds an image-classification data set by its name.

    Args:
        name: "mnist5k" (5,000 digits that need no network), or the TFDS name
            of any set of images with one class each: "mnist", "cifar10", ...
            Or your own: a folder of pictures, as `from_directory` takes, or
            an .npz file with the uint8 arrays `images` and `labels`, or
            `x_train`, `y_train`, `x_test` and `y_test`. A folder that is
            named as a set of TFDS is needs a slash: "./mnist".
            Behind "=" may follow a class, for that class against as many
            images of the others: "cifar10=automobile".
        splits: A split or several, in the split syntax of TFDS:
            "train[:30000]", "test", "train[80%:]". Where your own images
            name no splits, a fifth of them is "test", the others "train".
        data_dir: Where TFDS keeps its sets; None for the environment's
            TFDS_DATA_DIR, or TFDS's own choice.
        bounds: What black and white become: pixels 0 .. 255 are scaled to
            (lower, upper), each one number, or one for each channel.
        image_size: (height, width) to resize to; needed where the images of a
            set differ in size.

    Returns:
        An `ImageSet`, or a tuple of them if `splits` is a sequence. Before
        images are asked for, only the labels of a set with "=" are read; the
        files of a folder are looked at, and those that cannot be read are
        warned of and listed as `unreadable`.

    The digits of mnist5k are all of MNIST's training split, those of "test"
    too: a model that was trained on MNIST has seen them.

    Raises:
        ValueError: There is no such set or split, it has no image with one
            class, or it is not on this machine and cannot be fetched.

    Example:
        >>> train, test = ak.datasets.load("mnist5k")
        >>> train.images.shape, train.labels.shape
    """
    bounds = checks.check_bounds(bounds)
    image_size = check_size(image_size)
    name = os.fspath(name)
    names = (splits,) if isinstance(splits, str) else tuple(splits)
    whole, class_name = _name_and_class(name)
    if whole == embedded.NAME:
        sets = embedded.load(names, bounds, image_size)
    elif whole.endswith(".npz") and Path(whole).is_file():
        sets = npz.load(whole, names, bounds, image_size)
    elif _is_folder(whole):
        sets = directory.load(whole, names, bounds, image_size)
    else:
        sets = tfds_sets.load(whole, names, data_dir, bounds, image_size)
    if class_name:
        sets = tuple(one_against_others(data, class_name) for data in sets)
    return sets[0] if isinstance(splits, str) else sets


def _name_and_class(name: str) -> tuple[str, str]:
    # A path may have a "=" of its own.
    if Path(name).exists():
        return name, ""
    path, _, class_name = name.rpartition("=")
    if path and Path(path).exists():
        return path, class_name
    whole, _, class_name = name.partition("=")
    return whole, class_name


def _is_folder(name: str) -> bool:
    """Returns whether a name means a folder, and no set of TFDS."""
    path = Path(name)
    plain = path.name == name  # without a slash
    return path.is_dir() and not (plain and tfds_sets.is_known(name))
