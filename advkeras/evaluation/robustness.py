"""Robust accuracy over the size of the change, by each attack and by all."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.attacks import fooled
from advkeras.attacks import origin
from advkeras.evaluation.rates import Rate

NORMS = ("linf", "l2")
# Of a share: float32 images are not the last digit of a budget.
_CLOSE = 1e-5


@dataclasses.dataclass(frozen=True)
class Robustness:
    """What is left of a model's accuracy as changes grow.

    Budgets are of changes with the pixel range as 1, of each channel its own:
    in "linf" the most that any pixel changes, divided by upper - lower.

    Attributes:
        clean: Images that are read rightly before, of all.
        shares: The budgets, rising.
        attacks: Attack -> for each budget the images still read rightly, of
            all; None where the attack was not run with it.
        together: For each budget the images that no example of any attack
            within it fools, of all: the worst case that was found.
        smallest: For each image the smallest budget within which an example
            was found, of whichever attack; 0 where the clean image is not
            read rightly, None where there is none.
        norm: What the budgets bound: "linf" or "l2".
    """

    clean: Rate
    shares: tuple[float, ...]
    attacks: dict[str, tuple[Rate | None, ...]]
    together: tuple[Rate, ...]
    smallest: tuple[float | None, ...]
    norm: str = "linf"

    @property
    def median(self) -> float | None:
        """The budget that half of the images read rightly fall within.

        None where more than half withstand all that was tried.
        """
        right = [np.inf if s is None else s for s in self.smallest if s != 0]
        if not right:
            return None
        middle = sorted(right)[(len(right) - 1) // 2]
        return float(middle) if np.isfinite(middle) else None

    @property
    def halving(self) -> float:
        """The first of the budgets that halves the accuracy, or the last."""
        for share, rate in zip(self.shares, self.together, strict=True):
            if 2 * rate.count <= self.clean.count:
                return share
        return self.shares[-1]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "clean": self.clean.to_json(),
            "shares": list(self.shares),
            "attacks": {
                name: [rate and rate.to_json() for rate in rates]
                for name, rates in self.attacks.items()
            },
            "together": [rate.to_json() for rate in self.together],
            "smallest": list(self.smallest),
            "median": self.median,
            "norm": self.norm,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Robustness":
        """Reads what `to_json` returned."""
        return cls(
            clean=_rate(values["clean"]),
            shares=tuple(values["shares"]),
            attacks={
                name: tuple(rate and _rate(rate) for rate in rates)
                for name, rates in values["attacks"].items()
            },
            together=tuple(_rate(rate) for rate in values["together"]),
            smallest=tuple(values["smallest"]),
            norm=values.get("norm", "linf"),  # older files have linf alone
        )


def robustness(
    results: Mapping[tuple[str, float | None], AttackResult],
    norm: str = "linf",
    shares: Sequence[float] = (),
) -> Robustness:
    """Puts together what several attacks with several budgets found.

    Args:
        results: (attack, its budget as a share of the pixel range) -> what it
            found, all of the same images with their true labels. None for the
            budget of an attack that has none, such as L-BFGS: its examples
            count within whichever budget they lie.
        norm: What the budgets bound: "linf" or "l2".
        shares: Further budgets, by which what was found is counted.

    Raises:
        ValueError: No result has a budget, or they are not of the same
            images, labels, bounds and model.

    Example:
        >>> found = ak.evaluation.robustness(
        ...     {("pgd", 8 / 255): attack(classifier, images, labels)}
        ... )
        >>> print(found.together[0])
    """
    checks.check_choice("norm", norm, NORMS)
    budgets = {share for _, share in results if share is not None}
    if not budgets:
        raise ValueError(
            "`results` must hold an attack that has a budget. "
            f"Received: results of {', '.join(n for n, _ in results) or 'none'}"
        )
    for share in budgets:
        checks.check_positive("results", share)
    shares = sorted({*budgets, *map(float, shares)})
    for (name, _), result in results.items():
        check_result(f"results[{name!r}]", result)
    first = next(iter(results.values()))
    for (name, _), result in results.items():
        same = np.array_equal(result.originals, first.originals)
        if not same or not np.array_equal(result.labels, first.labels):
            raise ValueError(
                "`results` must all be of the same images and labels. "
                f"Received: those of {name!r} are of others"
            )
    origin.check_one_model(
        "results",
        {
            name if share is None else f"{name}@{share:.4g}": result
            for (name, share), result in results.items()
        },
    )
    right = first.clean_predictions == first.labels
    smallest = np.where(right, np.inf, 0.0)
    for result in results.values():
        wrong = fooled(result.predictions, result.labels)
        smallest = np.minimum(
            smallest, np.where(wrong, _size(result, norm), np.inf)
        )
    names = dict.fromkeys(name for name, share in results if share is not None)
    return Robustness(
        clean=Rate.of(right),
        shares=tuple(shares),
        attacks={
            name: tuple(_left(results.get((name, share))) for share in shares)
            for name in names
        },
        together=tuple(
            Rate.of(smallest > share * (1 + _CLOSE)) for share in shares
        ),
        smallest=tuple(
            float(size) if np.isfinite(size) else None for size in smallest
        ),
        norm=norm,
    )


def _size(result: AttackResult, norm: str) -> np.ndarray:
    """Returns the norm of each change, with the pixel range as 1, (n,)."""
    whole = channels.array(channels.range_of(result.bounds))
    changes = (result.perturbation / whole).reshape(len(result), -1)
    order = {"linf": np.inf, "l2": 2}[norm]
    return np.asarray(np.linalg.norm(changes, order, axis=1))


def _left(result: AttackResult | None) -> Rate | None:
    if result is None:
        return None
    return Rate.of(result.predictions == result.labels)


def _rate(values: Mapping[str, Any]) -> Rate:
    return Rate(values["count"], values["n"])
