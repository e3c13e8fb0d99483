"""How far two copies of a tensor are apart, counted as batches come."""

import dataclasses
import math
from typing import Any

import numpy as np

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Tensor

# Where two copies of a tensor part. Kernels sum in another order, or round in
# fixed point and rarely end one step beside; more is another computation.
TOLERANCE = 1e-4  # of the range; where that is less than a step, one step
EXCEPTIONS = 0.01  # share of the values of a quantised tensor that may be more


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far two copies of a tensor are apart.

    Attributes:
        values: How many values were compared.
        largest: The largest difference: in steps of the tensor's scale where
            it has one, else in the tensor's own units. Infinity where one copy
            is not finite or of another size.
        mean: The mean difference, likewise.
        relative: The largest as a share of the range of the real values, 0
            included; None where there are steps.
        within_1: Share of values at most one step apart; None without steps.
        within_2: Share of values at most two steps apart; None without steps.
        beyond: Share of values that are more than one step apart and more
            than 1e-4 of what the type can hold, which is 6 steps of an int16;
            None without steps.
    """

    values: int
    largest: float
    mean: float
    relative: float | None
    within_1: float | None
    within_2: float | None
    beyond: float | None

    @property
    def parted(self) -> bool:
        """Whether the copies part: by more than rounding explains.

        Floats by more than 1e-4 of their range, quantised values if `beyond`
        is more than 1 %.
        """
        if self.beyond is not None:
            return self.beyond > EXCEPTIONS
        return self.relative is None or self.relative > TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values; None for infinity."""
        found = {
            key: value if value is None or math.isfinite(value) else None
            for key, value in dataclasses.asdict(self).items()
        }
        return {**found, "parted": self.parted}


class Tally:
    """Counts differences as batches come.

    Args:
        grid: A quantised tensor on whose steps the values lie; None for
            floats.
    """

    def __init__(self, grid: Tensor | None):
        self._grid = grid
        self._values = 0
        self._largest = self._sum = 0.0
        self._lower = self._upper = 0.0
        limits = [1.0, 2.0, 1.0]
        if grid is not None:
            ends = np.iinfo(grid.dtype)
            limits[2] = max(1.0, TOLERANCE * (ends.max - ends.min))
        self._limits = limits
        self._within = np.zeros(3, np.int64)

    def add(self, lifted: np.ndarray, real: np.ndarray) -> None:
        """Counts a batch.

        Args:
            lifted: Floats, any shape.
            real: The same as the interpreter has it: integers, or floats.
        """
        other = self._counted(as_floats(real, self._grid))
        one = self._counted(lifted)
        if one.shape != other.shape:
            one = np.full(other.shape, np.nan)
        # Equal infinities differ by nothing, and a NaN from all else.
        apart = np.where(one == other, 0.0, np.inf)
        finite = np.isfinite(one) & np.isfinite(other)
        np.subtract(one, other, out=apart, where=finite)
        np.abs(apart, out=apart)
        self._values += apart.size
        self._largest = max(self._largest, float(apart.max(initial=0)))
        self._sum += float(apart.sum())
        self._within += [int((apart <= limit).sum()) for limit in self._limits]
        known = other[np.isfinite(other)]
        self._lower = min(self._lower, float(known.min(initial=0)))
        self._upper = max(self._upper, float(known.max(initial=0)))

    def difference(self) -> Difference:
        """Returns what was counted."""
        counted = max(1, self._values)
        shares: list[float | None] = [None] * 3
        relative = None
        if self._grid is not None:
            shares = [float(share) for share in self._within / counted]
            shares[2] = float(1 - self._within[2] / counted)
        elif self._largest:
            held = self._upper - self._lower
            relative = self._largest / held if held else math.inf
        else:
            relative = 0.0
        return Difference(
            self._values, self._largest, self._sum / counted, relative, *shares
        )

    def _counted(self, values: np.ndarray) -> np.ndarray:
        """Returns values in the unit of differences, float64."""
        values = values.astype(np.float64)
        if self._grid is None:
            return values
        scale = straight_through.quantization_of(self._grid).scale[0]
        return np.rint(values / scale) if scale else np.zeros_like(values)


def as_floats(real: np.ndarray, grid: Tensor | None) -> np.ndarray:
    """Returns what an interpreter's tensor stands for, float32.

    Args:
        real: As the interpreter has it: integers, or floats.
        grid: What tells the integers' scale; None for floats.
    """
    if grid is None or real.dtype.kind == "f":
        return real.astype(np.float32)
    quantization = straight_through.quantization_of(grid)
    steps = real.astype(np.float64) - quantization.zero_point[0]
    return (steps * quantization.scale[0]).astype(np.float32)
