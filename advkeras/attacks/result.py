"""AttackResult: what an attack found, one row an image."""

import dataclasses
import hashlib
import os
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras import packed
from advkeras.attacks import norms
from advkeras.attacks import stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What is said once of all images.
_OF_ALL = ("model", "attack", "seed")


@dataclasses.dataclass(frozen=True, eq=False)
class AttackResult:
    """What an attack found, as arrays with one row an image.

    `result[i]`, `result[a:b]` and `result[mask]` are results of these images
    alone, as are the parts that a loop over it yields, one an image.

    Attributes:
        originals: The images attacked, float32, (n, height, width, channels).
        images: The images found, as `originals`. Where the attack failed, its
            best attempt.
        labels: Labels attacked, int64, (n,).
        targets: Classes aimed at, int64, (n,); None if untargeted.
        clean_predictions: What the model said of `originals`, int64, (n,).
        predictions: What it says of `images`, int64, (n,).
        success: Whether the goal holds on the model attacked, bool, (n,):
            target reached, or for an untargeted attack label missed.
        bounds: (lower, upper) of the pixels, each one number, or a tuple of
            one a channel.
        c: L-BFGS: the weight of |r|^2 that gave the example, float64, (n,);
            NaN where none did.
        c_bracket: L-BFGS: the largest c that succeeded and the smallest that
            did not, float64, (n, 2).
        gradient_evaluations: Gradients used, int64, (n,), where counted.
        stop: L-BFGS: how the solve that gave the example ended, (n,): "gtol" or
            "ftol" (converged), "max_iterations" or "line_search" (not, so a
            shorter one may exist), "settled" (no c leads to the target),
            "flat" (nor does one, and the gradient there is exactly 0: nothing
            to climb), "no_gradient" (nor does one, and the gradient is NaN or
            infinite), "walked" (a walk from the example of `c` led to a
            nearer one), "none" (nothing to solve).
        classes_asked: L-BFGS: how many classes were solved for, int64, (n,).
        queries: Square, HopSkipJump: what was asked of the model after the
            image itself, int64, (n,).
        member: Ensemble: the attack that broke each image, by name; "clean"
            where the model errs without, "none" where none did, (n,).
        model: Fingerprint of the model attacked. This and the next two are
            None where they are not known, as in files of older versions.
        attack: The attack that made them, with its hyper-parameters.
        seed: Seed of its random choices.

    Raises:
        ValueError: The bounds are none, or an array has not one row an image.
    """

    originals: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    targets: np.ndarray | None
    clean_predictions: np.ndarray
    predictions: np.ndarray
    success: np.ndarray
    bounds: checks.Bounds
    c: np.ndarray | None = None
    c_bracket: np.ndarray | None = None
    gradient_evaluations: np.ndarray | None = None
    stop: np.ndarray | None = None
    classes_asked: np.ndarray | None = None
    queries: np.ndarray | None = None
    member: np.ndarray | None = None
    model: str | None = None
    attack: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", checks.check_bounds(self.bounds))
        n = len(checks.as_array("originals", self.originals))
        for name, value in self._fields().items():
            if name == "images" or isinstance(value, np.ndarray):
                checks.check_rows(name, value, n)
        if self.images.shape != self.originals.shape:
            raise ValueError(
                f"`images` must be of shape {self.originals.shape}, as the "
                f"originals. Received: images.shape={self.images.shape}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Any) -> "AttackResult":
        """Returns the result of some of the images.

        Args:
            rows: The number of one, from 0, or from the last backwards; a
                slice; or an array: of numbers, or bool, (n,).

        Raises:
            IndexError: There are no such images.
        """
        try:
            chosen = np.atleast_1d(np.arange(len(self))[rows])
        except IndexError as error:
            raise self._no_such(rows) from error
        if chosen.ndim != 1:
            raise self._no_such(rows)
        return dataclasses.replace(
            self,
            **{
                name: value[chosen]
                for name, value in self._fields().items()
                if isinstance(value, np.ndarray)
            },
        )

    def __iter__(self) -> Iterator["AttackResult"]:
        return (self[i] for i in range(len(self)))

    def _no_such(self, rows: Any) -> IndexError:
        return IndexError(
            f"`rows` must be numbers of {len(self)} images, a slice of them, "
            f"or a bool for each. Received: rows={rows!r}"
        )

    def __repr__(self) -> str:
        if not len(self):
            return "AttackResult(n=0)"
        return (
            f"AttackResult(n={len(self)}, success={self.success.mean():.1%}, "
            f"mean distortion={self.distortion.mean():.4f})"
        )

    @property
    def perturbation(self) -> np.ndarray:
        """What was added to the originals, float32."""
        return self.images - self.originals

    @property
    def distortion(self) -> np.ndarray:
        """RMS a pixel over the pixel range, (n,): Szegedy et al. 2013."""
        return norms.distortion(self.perturbation, self.bounds)

    @property
    def l2(self) -> np.ndarray:
        """Euclidean norm of each perturbation, in the images' units, (n,)."""
        return norms.l2(self.perturbation)

    @property
    def linf(self) -> np.ndarray:
        """Largest change of a pixel, in the images' units, (n,)."""
        return norms.linf(self.perturbation)

    def plot(
        self,
        class_names: Sequence[str] | None = None,
        title: str = "",
        count: int = 8,
        magnify: float | None = None,
    ) -> "Figure":
        """Returns a picture: clean, adversarial, and what was changed.

        The difference is magnified, with grey for no change, and the factor
        written beside it. Labels are those that the model predicts, red where
        they are wrong. `result[result.success].plot()` shows successes alone.

        Args:
            class_names: What each label stands for; None for the numbers.
            title: What the images are.
            count: How many images, from the first.
            magnify: Factor of the difference; None for one with which all but
                the largest values fit the range.

        Raises:
            ValueError: There is no image, or `count` is none.
        """
        from advkeras.attacks.drawn import drawn  # matplotlib is slow

        checks.check_count("count", count)
        if not len(self):
            raise ValueError(
                f"a result must have images to plot. Received: {self!r}"
            )
        return drawn(self, class_names, title, count, magnify)

    def fingerprint(self) -> str:
        """Returns the SHA-256 of all that it holds, in hex."""
        digest = hashlib.sha256()
        for name, value in self._fields().items():
            array = isinstance(value, np.ndarray)
            about = (value.dtype.str, value.shape) if array else value
            digest.update(f"{name} {about!r}\n".encode())
            if array:
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()

    def save(self, path: str | os.PathLike) -> None:
        """Writes all that it holds to an .npz file, whole or not at all."""
        arrays = {k: v for k, v in self._fields().items() if v is not None}
        # To a file, not a name: NumPy would add .npz to one without.
        with files.replacing(path) as temporary, temporary.open("wb") as file:
            packed.write(file, arrays)

    @classmethod
    def load(
        cls, path: str | os.PathLike, max_gb: float = 4.0
    ) -> "AttackResult":
        """Reads what `save` wrote; never unpickles.

        Args:
            path: The file, or a folder of such files, whose results are
                joined in the order of their names.
            max_gb: GB that its arrays may take. What a file says of their
                sizes is checked before any of them is read.

        Raises:
            ValueError: There is no such file, it is damaged or another, or
                its arrays would take more.
        """
        what = "an .npz file as `save` writes it, which `max_gb` allows"
        with files.reading("path", path, what):
            parts = []
            for file in stored.files_of(path):
                max_gb -= packed.check_sizes(file, max_gb)
                fields = stored.read(file, dataclasses.fields(cls))
                parts.append(cls(**fields))
            return cls.concatenate(parts)

    @classmethod
    def concatenate(cls, parts: Iterable["AttackResult"]) -> "AttackResult":
        """Joins the results of one attack on several batches.

        What only some parts say of model, attack or seed is not known of the
        whole, nor is a seed that differs.

        Raises:
            ValueError: There are no parts, or they are no results, of
                different models or attacks, within other bounds, of other
                shapes, or hold other arrays.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("`parts` must not be empty. Received: parts=[]")
        for i, part in enumerate(parts):
            check_result(f"parts[{i}]", part)
        first = parts[0]
        for i, part in enumerate(parts):
            if unlike := [
                f"{name}: {ours}, then {theirs}"
                for name, ours, theirs in _compared(first, part)
                if ours != theirs
            ]:
                raise ValueError(
                    "`parts` must be of one attack on one model. "
                    f"Received: parts[0] and parts[{i}], which differ in "
                    f"{'; '.join(unlike)}"
                )
        if len(parts) == 1:
            return first
        joined: dict[str, Any] = {
            name: None
            if value is None
            else np.concatenate([getattr(part, name) for part in parts])
            for name, value in first._fields().items()
            if name != "bounds" and name not in _OF_ALL
        }
        of_all = {name: {getattr(p, name) for p in parts} for name in _OF_ALL}
        joined |= {
            name: values.pop() if len(values) == 1 else None
            for name, values in of_all.items()
        }
        return cls(bounds=first.bounds, **joined)

    def _fields(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


def check_result(name: str, result: Any) -> None:
    """Raises ValueError unless it is an `AttackResult`."""
    if not isinstance(result, AttackResult):
        raise ValueError(
            f"`{name}` must be an AttackResult. "
            f"Received: {name} of type {type(result).__name__}"
        )


def _compared(
    one: AttackResult, other: AttackResult
) -> Iterator[tuple[str, Any, Any]]:
    """Yields what two parts of one result have in common, as each has it."""
    yield "bounds", one.bounds, other.bounds
    yield "image shape", one.images.shape[1:], other.images.shape[1:]
    yield "arrays", _arrays(one), _arrays(other)
    for name in ("model", "attack"):
        ours, theirs = getattr(one, name), getattr(other, name)
        if ours is not None and theirs is not None:
            yield name, ours, theirs


def _arrays(result: AttackResult) -> str:
    fields = result._fields().items()
    return ", ".join(
        name
        for name, value in fields
        if value is not None and name not in _OF_ALL
    )
