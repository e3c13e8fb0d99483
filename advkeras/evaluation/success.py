"""How often an attack succeeded, of which images, and by how little."""

import dataclasses
from typing import Any

from advkeras import checks
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.evaluation.rates import Rate


@dataclasses.dataclass(frozen=True)
class SuccessRates:
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

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            field.name: value.to_json() if isinstance(value, Rate) else value
            for field in dataclasses.fields(self)
            for value in [getattr(self, field.name)]
        }


def success_rates(result: AttackResult) -> SuccessRates:
    """Counts the successes of an attack, by both denominators.

    Args:
        result: What the attack returned. Its labels should be the true ones:
            with `labels=None` every image counts as correct before.

    Raises:
        ValueError: It is no `AttackResult`.
    """
    check_result("result", result)
    correct = result.clean_predictions == result.labels

    def mean(values: Any) -> float | None:
        found = values[result.success]
        return float(found.mean()) if len(found) else None

    return SuccessRates(
        clean_error=Rate.of(~correct),
        of_all=Rate.of(result.success),
        of_correct=Rate.of(result.success[correct]),
        robust_accuracy=Rate.of(result.predictions == result.labels),
        no_answer=Rate.of(result.predictions == checks.NO_ANSWER),
        mean_distortion=mean(result.distortion),
        mean_l2=mean(result.l2),
        mean_linf=mean(result.linf),
    )
