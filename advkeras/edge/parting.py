"""Parting: the operator at which two runtimes of an integer file part."""

import dataclasses
import itertools
import os
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras.edge.cuts import Cuts

Pair = tuple[str, str]

_TELLING = 2  # images that are looked into, of each two runtimes


@dataclasses.dataclass(frozen=True)
class Parting:
    """Where two runtimes of a variant part, on images that tell them apart.

    Attributes:
        variant: Name of the .tflite file.
        attack: Name of the attack that made the images.
        pixels: As of `Outcome`.
        runtimes: The two.
        images: Numbers of the images, a few, whose outputs differ.
        operator: Number of the operator in the file: it reads the same on
            both, and writes something else. None: it is not known.
        kind: What the format calls it.
        tensor: Name of what it writes.
        steps: Largest difference of what it writes, in steps of the tensor's
            quantisation; of a DEQUANTIZE, of what it reads.
        reason: Why it is not known.
    """

    variant: str
    attack: str
    pixels: str
    runtimes: Pair
    images: tuple[int, ...]
    operator: int | None = None
    kind: str = ""
    tensor: str = ""
    steps: float | None = None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Parting":
        """Reads what `to_json` returned."""
        tuples = {key: tuple(values[key]) for key in ("runtimes", "images")}
        return cls(**{**values, **tuples})


def partings(
    variant: str,
    path: str | os.PathLike,
    answers: Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]],
    images_of: Callable[[str, str], np.ndarray],
    timeout: float = 300.0,
) -> list[Parting]:
    """Finds where each two runtimes of a variant part.

    Args:
        variant: As of `Parting`.
        path: The .tflite file.
        answers: Attack and pixels -> runtime -> what `said` returned.
        images_of: Returns the images of an attack and kind of pixels,
            float32, (n, height, width, channels).
        timeout: Seconds that one answer may take.

    Returns:
        One of each two whose outputs differ, on the first set where they do.
        None of two that differ in larger batches alone.
    """
    found: dict[Pair, Parting] = {}
    for shown, of_all in answers.items():
        pairs = {k: v for k, v in telling(of_all).items() if k not in found}
        if not pairs:
            continue
        # Together, so that each runtime runs each copy once.
        numbers = sorted(set(itertools.chain(*pairs.values())))
        try:
            cuts = Cuts(path, images_of(*shown)[numbers], timeout)
        except ValueError as error:
            cuts, why = None, str(error)
        for pair, images in pairs.items():
            one = Parting(variant, *shown, pair, images)
            if cuts is None:
                found[pair] = dataclasses.replace(one, reason=why)
                continue
            try:
                place = part_at(cuts, *pair)
                if place is None:
                    continue
                differ = cuts.differ(len(cuts.places) - 1, *pair)
                at = cuts.places[place]
                found[pair] = dataclasses.replace(
                    one,
                    images=tuple(itertools.compress(numbers, differ)),
                    operator=at.operator,
                    kind=at.kind,
                    tensor=at.name,
                    steps=cuts.steps(place, *pair),
                )
            except ValueError as error:
                reason = getattr(error, "reason", str(error))
                found[pair] = dataclasses.replace(one, reason=reason)
    return list(found.values())


def telling(
    answers: Mapping[str, Mapping[str, Sequence[Any]]], most: int = _TELLING
) -> dict[Pair, tuple[int, ...]]:
    """Finds images that tell two runtimes apart.

    Args:
        answers: Runtime -> what `said` returned.
        most: How many images of each two.

    Returns:
        Of each two whose outputs differ, the numbers of the first such
        images; those that are given different labels come first.
    """
    found = {}
    for pair in itertools.combinations(answers, 2):
        first, second = (answers[runtime] for runtime in pair)
        labels, outputs = (
            np.flatnonzero(np.array(first[key]) != np.array(second[key]))
            for key in ("labels", "outputs")
        )
        numbers = dict.fromkeys([*labels.tolist(), *outputs.tolist()])
        if numbers:
            found[pair] = tuple(numbers)[:most]
    return found


def part_at(cuts: Cuts, first: str, second: str) -> int | None:
    """Finds an operator that two runtimes reach alike, and leave apart.

    The places are halved in their order. In a graph of branches what is found
    so may read a branch where they are apart already; then it is sought on.

    Args:
        cuts: A file, and images that go through it.
        first: A runtime.
        second: Another.

    Returns:
        The number of its place; None where they write the same in the end. If
        they part at several, and meet in between, any of these.

    Raises:
        CannotRunError: A runtime cannot run a copy; a ValueError too.
    """

    def apart(place: int) -> bool:
        return bool(cuts.differ(place, first, second).any())

    found = len(cuts.places) - 1
    if not apart(found):
        return None
    while True:
        alike = -1
        while found - alike > 1:
            middle = (alike + found) // 2
            if apart(middle):
                found = middle
            else:
                alike = middle
        before = next(filter(apart, cuts.places[found].reads), None)
        if before is None:
            return found
        found = before
