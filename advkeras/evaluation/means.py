"""A mean over some images or runs, with its 95 % interval."""

import dataclasses
from typing import Any

import numpy as np
import scipy.stats


@dataclasses.dataclass(frozen=True)
class Mean:
    """The mean of `n` values.

    Attributes:
        value: The mean; None of no values.
        deviation: Standard deviation of the values (n - 1); None below two.
        n: Of how many values.
    """

    value: float | None
    deviation: float | None
    n: int

    @classmethod
    def of(cls, values: Any) -> "Mean":
        """Takes the mean of an array's values."""
        values = np.asarray(values, np.float64).ravel()
        n = len(values)
        return cls(
            float(values.mean()) if n else None,
            float(values.std(ddof=1)) if n > 1 else None,
            n,
        )

    @property
    def interval(self) -> tuple[float, float] | None:
        """Student's 95 % interval of the mean; None below two values."""
        if self.value is None or self.deviation is None:
            return None
        t = float(scipy.stats.t.ppf(0.975, self.n - 1))
        half = t * self.deviation / self.n**0.5
        return self.value - half, self.value + half

    def to_json(self) -> dict[str, Any]:
        """Returns value, deviation, n and interval as JSON values."""
        return {
            "value": self.value,
            "deviation": self.deviation,
            "n": self.n,
            "interval": self.interval and list(self.interval),
        }
