"""Alike: which answers the runtimes of a variant have in common."""

import dataclasses
import hashlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras.edge.runtimes import Prediction
from advkeras.evaluation import answers_of


@dataclasses.dataclass(frozen=True)
class Alike:
    """Which answers the runtimes of a variant have in common, on one set.

    Attributes:
        variant: Name of the .tflite file.
        attack: Name of the attack that made the images.
        pixels: As of `Outcome`.
        n: Number of images.
        runtimes: Those that are compared.
        labels: Of how many images two of them give the same label, a row and
            a column each.
        outputs: Of how many they give the same outputs, bit by bit.
        parted: The images whose labels differ: number of the image, and what
            each runtime says.
    """

    variant: str
    attack: str
    pixels: str
    n: int
    runtimes: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    parted: tuple[tuple[int, tuple[int, ...]], ...]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Alike":
        """Reads what `to_json` returned."""
        return cls(**{key: _frozen(value) for key, value in values.items()})


def said(
    prediction: Prediction, output: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Returns what there is to compare of a prediction, as JSON values.

    Args:
        prediction: What a runtime said.
        output: The model's output: its scale and zero point.

    Returns:
        What `ak.evaluation.answers_of` does, and "outputs": of each image a
        digest of its bits.
    """
    rows = np.ascontiguousarray(prediction.outputs)
    real = (rows - np.float64(output["zero_point"] or 0)) * (
        output["scale"] or 1
    )
    return {
        **answers_of(real, prediction.labels),
        "outputs": [_digest(row.tobytes()) for row in rows],
    }


def sets_of(
    ran: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Returns what was said of changed images, set by set.

    Args:
        ran: Of each target its "row", and "answers": of each set its attack
            and pixels, and what `said` returned.

    Returns:
        Variant, attack and pixels -> runtime -> its answer.
    """
    sets: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in ran:
        row = one["row"]
        for answer in one["answers"]:
            if answer["attack"] is None:
                continue
            key = row["variant"], answer["attack"], answer["pixels"]
            sets.setdefault(key, {})[row["runtime"]] = answer
    return sets


def rounded(ran: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns what each target said of rounded images, by attack.

    Args:
        ran: As for `sets_of`.
    """
    found: dict[str, Any] = {}
    for one in ran:
        who = f"{one['row']['variant']} on {one['row']['runtime']}"
        for answer in one["answers"]:
            if answer["pixels"] == "uint8":
                held = {k: answer[k] for k in ("labels", "top", "scores")}
                found.setdefault(answer["attack"] or "clean", {})[who] = held
    return found


def alike(
    variant: str,
    attack: str,
    pixels: str,
    answers: Mapping[str, Mapping[str, Sequence[Any]]],
) -> Alike:
    """Compares what runtimes said of one set of images.

    Args:
        variant: As of `Alike`.
        attack: As of `Alike`.
        pixels: As of `Alike`.
        answers: Runtime -> what `said` returned.
    """
    labels = np.array([one["labels"] for one in answers.values()])
    outputs = np.array([one["outputs"] for one in answers.values()])
    parted = np.flatnonzero((labels != labels[0]).any(axis=0))
    return Alike(
        variant=variant,
        attack=attack,
        pixels=pixels,
        n=labels.shape[1],
        runtimes=tuple(answers),
        labels=_equal(labels),
        outputs=_equal(outputs),
        parted=tuple((int(i), _frozen(labels[:, i].tolist())) for i in parted),
    )


def _equal(answers: np.ndarray) -> tuple[tuple[int, ...], ...]:
    equal = answers[:, None] == answers[None]
    return _frozen(equal.sum(axis=-1).tolist())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _frozen(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return value
