"""Robust accuracy as a curve over budgets, from few runs of strong attacks."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from advkeras import channels
from advkeras import checks
from advkeras.attacks import FMN
from advkeras.attacks import LBFGS
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import Ensemble
from advkeras.classifier import as_classifier
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.robustness import NORMS
from advkeras.evaluation.robustness import Robustness
from advkeras.evaluation.robustness import robustness


@dataclasses.dataclass(frozen=True)
class RobustAccuracy:
    """What is left of a model's accuracy within each budget.

    Attributes:
        seeds: Seeds of the attacks within a budget.
        curves: What was found with each of them. None is the best of the
            others: by how much they differ is what chance makes of them.
    """

    seeds: tuple[int, ...]
    curves: tuple[Robustness, ...]

    @property
    def epsilons(self) -> tuple[float, ...]:
        """The budgets, rising, as shares of the pixel range."""
        return self.curves[0].shares

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Images that no example within a budget fools, of all; first seed.

        They never rise with the budget: what is within one is within all that
        are larger. `Rate.interval` is the interval of each.
        """
        return self.curves[0].together

    @property
    def spread(self) -> tuple[tuple[float, float], ...]:
        """For each budget the least and the largest share of any seed."""
        shares = [
            [float(rate.value or 0) for rate in curve.together]
            for curve in self.curves
        ]
        return tuple((min(one), max(one)) for one in zip(*shares, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "epsilons": list(self.epsilons),
            "rates": [rate.to_json() for rate in self.rates],
            "spread": [list(ends) for ends in self.spread],
            "seeds": list(self.seeds),
            "curves": [curve.to_json() for curve in self.curves],
        }


def robust_accuracy(
    classifier: Any,
    images: Any,
    labels: Any = None,
    epsilons: Sequence[float] = (8 / 255,),
    norm: str = "linf",
    seeds: Sequence[int] = (0,),
    batch_size: int | None = None,
) -> RobustAccuracy:
    """Measures how many images stay read rightly within each of some budgets.

    The nearest example of each image is looked for once (`FMN` for "linf",
    `LBFGS("nearest")` for "l2"), and by `Ensemble` one within the smallest
    and one within the largest budget. An image falls within a budget where
    any of these does.

    It is an upper bound, as all is that attacks say: `trust` checks whether
    they are at their best on this model.

    Args:
        classifier: A Classifier; a plain Keras model has bounds (0, 1).
        images: As of `Attack`.
        labels: Their true labels, as of `Attack`; None for those of a data
            set.
        epsilons: Budgets, of changes with the pixel range as 1: `8 / 255`,
            say. At most 1 in "linf".
        norm: "linf" or "l2".
        seeds: With each the attacks within a budget are run once.
        batch_size: Images worked on at a time; None for the attacks' own.

    Raises:
        ValueError: An argument is not as described; before any work.

    Example:
        >>> found = ak.evaluation.robust_accuracy(
        ...     classifier, images, labels, [2 / 255, 4 / 255, 8 / 255]
        ... )
        >>> for epsilon, rate in zip(found.epsilons, found.rates):
        ...     print(f"{epsilon:.4f} {rate} {rate.interval}")
    """
    classifier = as_classifier(classifier)
    checks.check_choice("norm", norm, NORMS)
    for name, values in (("epsilons", epsilons), ("seeds", seeds)):
        if not len(values):
            raise ValueError(
                f"`{name}` must have one value at least. "
                f"Received: {name}={values!r}"
            )
    for epsilon in epsilons:
        checks.check_positive("epsilons", epsilon)
        if norm == "linf":
            checks.check_share("epsilons", epsilon)
    images, labels = classifier.examples(images, labels)
    if labels is None:
        raise ValueError(
            "`labels` must be the true labels: accuracy is by them. "
            "Received: labels=None"
        )
    nearest: Attack = FMN("linf") if norm == "linf" else LBFGS("nearest")
    far = nearest(classifier, images, labels, batch_size=batch_size)
    curves = []
    for seed in seeds:
        found: dict[tuple[str, float | None], AttackResult] = {}
        found["nearest", None] = far
        for epsilon in sorted({min(epsilons), max(epsilons)}):
            radius = channels.share_of(classifier.bounds, epsilon)
            found["ensemble", epsilon] = Ensemble(radius, norm)(
                classifier, images, labels, batch_size=batch_size, seed=seed
            )
        curves.append(robustness(found, norm, epsilons))
    return RobustAccuracy(tuple(seeds), tuple(curves))
