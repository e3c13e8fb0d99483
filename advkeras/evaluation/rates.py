"""A share of some images, with its count and its 95 % interval."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.stats


@dataclasses.dataclass(frozen=True)
class Rate:
    """`count` of `n` images.

    Attributes:
        count: How many.
        n: Of how many; 0 where there was nothing to count.
    """

    count: int
    n: int

    @classmethod
    def of(cls, mask: np.ndarray) -> "Rate":
        """Counts the True values of a boolean array."""
        return cls(int(np.count_nonzero(mask)), int(mask.size))

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None of no images."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the share; None of no images."""
        if not self.n:
            return None
        test = scipy.stats.binomtest(self.count, self.n)
        low, high = test.proportion_ci(0.95, method="wilson")
        return float(low), float(high)

    def __str__(self) -> str:
        return "-" if self.value is None else f"{self.value:.1%}"

    def to_json(self) -> dict[str, Any]:
        """Returns count, n, value and interval as JSON values."""
        return {
            "count": self.count,
            "n": self.n,
            "value": self.value,
            "interval": self.interval and list(self.interval),
        }


def fields_to_json(instance: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass as JSON values, rates among them."""
    return {
        field.name: _to_json(getattr(instance, field.name))
        for field in dataclasses.fields(instance)
    }


def fields_from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Reads what `fields_to_json` returned; of what is nested, rates alone."""
    return {
        key: Rate(value["count"], value["n"])
        if isinstance(value, Mapping) and "interval" in value
        else value
        for key, value in values.items()
    }


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(one) for one in value]
    return value.to_json() if hasattr(value, "to_json") else value
