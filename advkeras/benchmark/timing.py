"""Several calls timed in turns, so that what drifts hits all alike."""

import dataclasses
import statistics
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import Generic
from typing import TypeVar

from advkeras import checks

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Times(Generic[T]):
    """What several calls took, and what they returned.

    Attributes:
        seconds: Name -> seconds of each repetition.
        returned: Name -> what the last repetition returned.
    """

    seconds: dict[str, tuple[float, ...]]
    returned: dict[str, T]

    def median(self, name: str) -> float:
        """Returns the median of a call's seconds."""
        return statistics.median(self.seconds[name])

    def ratios(self, floor: str) -> dict[str, float]:
        """Returns every call's median over that of the call named `floor`.

        A ratio of medians, not a median of ratios: one disturbed repetition
        of the floor would spoil as many of those.

        Raises:
            ValueError: No call has this name.
        """
        checks.check_choice("floor", floor, self.seconds)
        least = self.median(floor)
        return {name: self.median(name) / least for name in self.seconds}


def interleaved(
    calls: Mapping[str, Callable[[], T]],
    repeats: int,
    warmup: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Times[T]:
    """Times calls in turns: each once, then each once more, and so on.

    A machine that grows slower while it is measured then slows every call,
    and ratios stay as they are.

    Args:
        calls: Name -> function without arguments that returns when all its
            work is done.
        repeats: Rounds that are timed.
        warmup: Rounds before them that are not.
        clock: Returns seconds.

    Returns:
        Seconds of each call and round, and what each call returned.

    Raises:
        ValueError: There is no call, or no round to be timed.

    Example:
        >>> times = interleaved({"floor": bare, "ours": attack}, repeats=20)
        >>> times.median("ours"), times.ratios("floor")["ours"]
    """
    if not calls:
        raise ValueError("`calls` must not be empty. Received: calls={}")
    checks.check_count("repeats", repeats)
    if warmup != 0:
        checks.check_count("warmup", warmup)
    for _ in range(warmup):
        for call in calls.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    returned: dict[str, T] = {}
    for _ in range(repeats):
        for name, call in calls.items():
            start = clock()
            value = call()
            seconds[name].append(clock() - start)
            # Kept after the clock: the one before is let go of here.
            returned[name] = value
    return Times({k: tuple(v) for k, v in seconds.items()}, returned)
