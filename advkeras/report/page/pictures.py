"""The images of a run, small enough for a page, with what was said of them."""

import base64
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from advkeras import channels
from advkeras import checks
from advkeras.attacks import AttackResult

_MOST = 256  # images that are shown
_SIDE = 64  # pixels: larger images are shown smaller
_COLUMNS = 16
_MAGNIFIED = 10
_BYTES = 1_100_000  # of all sheets: with base64 and the rest a page of 2 MB
_QUALITIES = (90, 75, 60, 45, 30)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What one model, or a copy on a runtime, said of a set of images.

    Attributes:
        who: The model, or "VARIANT on RUNTIME".
        labels: What it said, a label an image.
        top: Its best classes, (n, at most 5).
        scores: Their scores, from 0 to 1, likewise.
    """

    who: str
    labels: Sequence[int]
    top: Sequence[Sequence[int]] = ()
    scores: Sequence[Sequence[float]] = ()

    def data(self, n: int) -> dict[str, Any]:
        """Returns those of the first n images, for the page."""
        return {
            "who": self.who,
            "labels": list(self.labels[:n]),
            "top": [list(one) for one in self.top[:n]],
            "scores": [[round(s, 3) for s in one] for one in self.scores[:n]],
        }


@dataclasses.dataclass(frozen=True)
class PictureSet:
    """What one attack found, and what all models make of it.

    Attributes:
        name: The attack, and the model that it fooled.
        result: What it found.
        answers: What was said of its images.
        count: How many images there are, where these are the first of them.
    """

    name: str
    result: AttackResult
    answers: Sequence[Answers] = ()
    count: int | None = None


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The images of a page.

    Attributes:
        sets: What attacks found of the same images; at least one.
        class_names: What each label stands for.
        clean: What was said of the images as they were.
    """

    sets: Sequence[PictureSet]
    class_names: Sequence[str]
    clean: Sequence[Answers] = ()

    @property
    def note(self) -> str:
        """What is shown, and how true it is."""
        n = max(one.count or len(one.result) for one in self.sets)
        shown = min(n, _MOST)
        first = f"The first {shown} of {n} images" if shown < n else "All"
        return (
            f"{first}{'' if shown < n else f' {n} images'}. Choose one to see "
            f"it, the change {_MAGNIFIED} times as large on grey, and what was "
            "said of it. Pictures of colour are compressed to fit this page; "
            "the exact pixels are in examples/."
        )

    def data(self) -> dict[str, Any]:
        """Returns all that the page's script shows, as JSON values."""
        first = max((one.result for one in self.sets), key=len)
        n = min(len(first), _MOST)
        height, width = first.originals.shape[1:3]
        most = _BYTES // (1 + 2 * len(self.sets))
        return {
            "classes": list(self.class_names),
            "columns": _COLUMNS,
            "rows": math.ceil(n / _COLUMNS),
            "size": [int(width), int(height)],
            "labels": first.labels[:n].tolist(),
            "clean": {
                "sheet": _sheet(_shown(first.originals[:n], first), most),
                "answers": [one.data(n) for one in self.clean],
            },
            "sets": [_set(one, n, most) for one in self.sets],
        }


def _set(one: PictureSet, n: int, most: int) -> dict[str, Any]:
    result = one.result
    m = min(len(result), n)
    changes = result.images[:m] - result.originals[:m]
    lower, upper = channels.lower_upper(result.bounds)
    magnified = (lower + upper) / 2 + _MAGNIFIED * changes
    return {
        "name": one.name,
        "n": m,
        "sheet": _sheet(_shown(result.images[:m], result), most),
        "change": _sheet(_shown(magnified, result), most),
        "clean": _said(result.clean_predictions[:m]),
        "said": _said(result.predictions[:m]),
        "fooled": result.success[:m].tolist(),
        "distortion": [float(f"{v:.4g}") for v in result.distortion[:m]],
        "linf": [float(f"{v:.4g}") for v in result.linf[:m]],
        "answers": [answers.data(m) for answers in one.answers],
    }


def _said(predictions: np.ndarray) -> list[int | None]:
    return [
        None if label == checks.NO_ANSWER else int(label)
        for label in predictions
    ]


def _shown(images: np.ndarray, result: AttackResult) -> np.ndarray:
    """Returns images as uint8, (n, height, width, 1 or 3)."""
    lower, upper = channels.lower_upper(result.bounds)
    scaled = np.rint(255 * ((images - lower) / (upper - lower)).clip(0, 1))
    # Of two channels, or of ten, the first is what can be shown.
    return scaled.astype(np.uint8)[..., : 3 if images.shape[-1] >= 3 else 1]


def _sheet(images: np.ndarray, most: int) -> str:
    """Returns images as one picture, a data: address.

    Args:
        images: uint8, (n, height, width, 1 or 3).
        most: Bytes that it may have: all levels are kept where that does.
    """
    n, height, width, depth = images.shape
    factor = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.zeros(
        (math.ceil(n / _COLUMNS) * _COLUMNS, size[1], size[0], depth), np.uint8
    )
    for i, image in enumerate(images):
        drawn = Image.fromarray(image.squeeze(-1) if depth == 1 else image)
        if drawn.size != size:
            drawn = drawn.resize(size, Image.Resampling.LANCZOS)
        small[i] = np.asarray(drawn).reshape(small[i].shape)
    rows = len(small) // _COLUMNS
    sheet = small.reshape(rows, _COLUMNS, *small.shape[1:])
    sheet = sheet.swapaxes(1, 2).reshape(
        rows * size[1], _COLUMNS * size[0], depth
    )
    drawn = Image.fromarray(sheet.squeeze(-1) if depth == 1 else sheet)
    content = _encoded(drawn, lossless=True)
    for quality in _QUALITIES:
        if len(content) <= most:
            break
        content = _encoded(drawn, quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"


def _encoded(drawn: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    drawn.save(stream, "WEBP", **options)
    return stream.getvalue()
