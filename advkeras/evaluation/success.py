"""How often an attack succeeded, of which images, and by how little."""

import dataclasses
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.evaluation.rates import Rate
from advkeras.tables import LaidOut
from advkeras.tables import Table
from advkeras.tables import number
from advkeras.tables import rate


@dataclasses.dataclass(frozen=True)
class SuccessRates(LaidOut):
    """What an attack did to one model.

    Attributes:
        clean_error: Images that were misclassified before.
        of_all: Successes among all images.
        of_correct: Successes among images classified correctly before.
        robust_accuracy: Images still classified correctly.
        no_answer: Images of which the model says nothing any more: its scores
            are NaN or have overflowed. Neither fooled nor robust.
        mean_distortion: Mean distortion of the successes; None without any.
        mean_l2: Mean Euclidean norm of the successes, in pixel units.
        mean_linf: Mean largest change of the successes, in pixel units.
    """

    clean_error: Rate
    of_all: Rate
    of_correct: Rate
    robust_accuracy: Rate
    no_answer: Rate
    mean_distortion: float | None
    mean_l2: float | None
    mean_linf: float | None

    def __repr__(self) -> str:
        mean = self.mean_distortion
        by = "" if mean is None else f", mean distortion of them={mean:.4f}"
        return (
            f"SuccessRates(n={self.of_all.n}, of_all={self.of_all}, "
            f"of_correct={self.of_correct}, "
            f"robust_accuracy={self.robust_accuracy}{by})"
        )

    def tables(self) -> list[Table]:
        """Returns rates and mean norms, a row each, as a table."""
        rows = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            shown = rate(value) if isinstance(value, Rate) else _mean(value)
            rows.append((field.name.replace("_", " "), shown))
        return [
            Table(
                f"what the attack did, n = {self.of_all.n}: rates in % (95 % "
                "interval), means of the successes",
                ("", "found"),
                tuple(rows),
                names=1,
                name="success",
            )
        ]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            field.name: value.to_json() if isinstance(value, Rate) else value
            for field in dataclasses.fields(self)
            for value in [getattr(self, field.name)]
        }


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an attack, without the images: a number each of these.

    Attributes:
        labels: As of `AttackResult`, (n,), and so are all others.
        clean_predictions: What the model said before.
        predictions: What it says now.
        success: Whether the goal holds.
        distortion: RMS a pixel over the pixel range.
        l2: Euclidean norm of the change, in the images' units.
        linf: Largest change of a pixel, in the images' units.
    """

    labels: np.ndarray
    clean_predictions: np.ndarray
    predictions: np.ndarray
    success: np.ndarray
    distortion: np.ndarray
    l2: np.ndarray
    linf: np.ndarray

    @classmethod
    def of(cls, result: AttackResult) -> "Outcome":
        """Returns what came of an attack."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: getattr(result, name) for name in names})

    def rates(self) -> SuccessRates:
        """Counts the successes, by both denominators."""
        correct = self.clean_predictions == self.labels

        def mean(values: np.ndarray) -> float | None:
            found = values[self.success]
            return float(found.mean()) if len(found) else None

        return SuccessRates(
            clean_error=Rate.of(~correct),
            of_all=Rate.of(self.success),
            of_correct=Rate.of(self.success[correct]),
            robust_accuracy=Rate.of(self.predictions == self.labels),
            no_answer=Rate.of(self.predictions == checks.NO_ANSWER),
            mean_distortion=mean(self.distortion),
            mean_l2=mean(self.l2),
            mean_linf=mean(self.linf),
        )


def success_rates(result: AttackResult) -> SuccessRates:
    """Counts the successes of an attack, by both denominators.

    Args:
        result: What the attack returned. Its labels should be the true ones:
            with `labels=None` every image counts as correct before.

    Raises:
        ValueError: It is no `AttackResult`.
    """
    check_result("result", result)
    return Outcome.of(result).rates()


def _mean(value: float | None) -> str:
    return "-" if value is None else number(value)
