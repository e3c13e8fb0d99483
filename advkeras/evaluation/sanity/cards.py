"""Whether a data set is what a model's card says that it was trained for."""

import warnings
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from advkeras.datasets import ImageSet
from advkeras.datasets import check_set

# A data set -> the one whose training images all of its images are.
_TRAINING_IMAGES_OF = {"mnist5k": "mnist"}


def check_card(card: Mapping[str, Any], data: ImageSet) -> None:
    """Sets a data set beside what the card of a model says.

    Warns where the model may have been trained on these very images.

    Args:
        card: The model's, or that of a .tflite file which `export` made.
        data: What the model is to be shown.

    Raises:
        ValueError: The classes have other names, or another order. Where the
            card or the set only numbers them, that cannot be told.

    Example:
        >>> check_card(ak.models.read_card("mine.keras"), test)
    """
    check_set("data", data)
    made_from = card.get("provenance") or {}
    names = card.get("class_names") or made_from.get("class_names")
    if names:
        _check_names(tuple(names), data)
    trained_on = card if "network" in card else made_from.get("trained_on", {})
    name, split = trained_on.get("dataset"), trained_on.get("split", "")
    whole = _TRAINING_IMAGES_OF.get(_whole(data.name))
    if name and whole == _whole(name) and "train" in split:
        warnings.warn(
            f"the images of {data.name} are all of {whole}'s training split, "
            f"and the model was trained on {name}, {split}: it may have seen "
            f"them. The images to test it on are {whole}'s, of split test",
            stacklevel=2,
        )


def _check_names(names: tuple[str, ...], data: ImageSet) -> None:
    found = data.class_names
    if _only_numbered(found):
        return
    if _only_numbered(names) and not all(map(str.isdecimal, found)):
        return
    # A set may lack the last classes: that is not another order.
    for i, name in enumerate(found):
        expected = names[i] if i < len(names) else None
        if name != expected:
            order = sorted(found) == sorted(names)
            raise ValueError(
                "`dataset` must have the classes of the model's card"
                f"{', in their order' if order else ''}: class {i} is "
                f"{'none' if expected is None else repr(expected)} there. "
                f"Received: dataset={data.name!r}, where it is {name!r}"
            )


def _only_numbered(names: Sequence[str]) -> bool:
    return list(names) == [str(i) for i in range(len(names))]


def _whole(name: str) -> str:
    """Returns the name of a set of which this may be a class: "mnist=7"."""
    return name.partition("=")[0]
