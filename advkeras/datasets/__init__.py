"""Data sets by name: images and labels from TFDS, or embedded."""

from collections.abc import Sequence
from typing import overload

from advkeras import checks
from advkeras.datasets import embedded
from advkeras.datasets import tfds_sets
from advkeras.datasets.image_set import ImageSet
from advkeras.datasets.one_class import one_against_others

__all__ = ["ImageSet", "load"]


@overload
def load(  # type: ignore[overload-overlap]  # a str is a Sequence[str] too
    name: str,
    splits: str,
    *,
    data_dir: str | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> ImageSet: ...
@overload
def load(
    name: str,
    splits: Sequence[str] = ("train", "test"),
    *,
    data_dir: str | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> tuple[ImageSet, ...]: ...
def load(
    name: str,
    splits: str | Sequence[str] = ("train", "test"),
    *,
    data_dir: str | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    image_size: tuple[int, int] | None = None,
) -> ImageSet | tuple[ImageSet, ...]:
    """Finds an image-classification data set by its name.

    Args:
        name: "mnist5k" (5,000 digits that need no network), or the TFDS name
            of any set of images with one class each: "mnist", "cifar10", ...
            Behind "=" may follow a class, for that class against as many
            images of the others: "cifar10=automobile".
        splits: A split or several, in the split syntax of TFDS:
            "train[:30000]", "test", "train[80%:]".
        data_dir: Where TFDS keeps its sets; None for the environment's
            TFDS_DATA_DIR, or TFDS's own choice.
        bounds: What black and white become: pixels 0 .. 255 are scaled to
            (lower, upper).
        image_size: (height, width) to resize to; needed where the images of a
            set differ in size.

    Returns:
        An `ImageSet`, or a tuple of them if `splits` is a sequence. Nothing
        but the labels of a set with "=" is read before images are asked
        for.

    Raises:
        ValueError: There is no such set or split, it has no image with one
            class, or it is not on this machine and cannot be fetched.

    Example:
        >>> train, test = ak.datasets.load("mnist5k")
        >>> train.images.shape, train.labels.shape
    """
    bounds = checks.check_bounds(bounds)
    names = (splits,) if isinstance(splits, str) else tuple(splits)
    whole, _, class_name = name.partition("=")
    if whole == embedded.NAME:
        sets = embedded.load(names, bounds, image_size)
    else:
        sets = tfds_sets.load(whole, names, data_dir, bounds, image_size)
    if class_name:
        sets = tuple(one_against_others(data, class_name) for data in sets)
    return sets[0] if isinstance(splits, str) else sets
