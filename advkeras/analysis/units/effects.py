"""Two samples of a measure: how far apart, and how sure of it one can be."""

import dataclasses
from typing import Any

import numpy as np
import scipy.stats

# Values that the bootstrap ranks at a time, 8 bytes each in a few copies.
_AT_A_TIME = 2**20


@dataclasses.dataclass(frozen=True)
class Effect:
    """A first sample beside a second.

    Attributes:
        sizes: How many values each sample has.
        means: Mean of each.
        medians: Median of each.
        u: Mann-Whitney's U of the first: the pairs in which its value is the
            larger, ties counted half.
        p: Two-sided p-value of U, which takes all values to be independent.
        delta: Cliff's delta, -1 to 1: the share of pairs in which the first
            sample's value is the larger, less the share in which it is the
            smaller. The common-language effect size is (delta + 1) / 2.
        interval: 95 % bootstrap interval of delta (percentiles); of no width
            where the samples do not overlap.
    """

    sizes: tuple[int, int]
    means: tuple[float, float]
    medians: tuple[float, float]
    u: float
    p: float
    delta: float
    interval: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()
        }


def two_samples(
    first: Any, second: Any, resamples: int = 1000, seed: Any = 0
) -> Effect:
    """Compares two samples of one measure by the ranks of their values.

    Args:
        first: At least 2 finite values, shape (m,).
        second: At least 2 finite values, shape (n,).
        resamples: Of the bootstrap, which draws anew from each sample.
        seed: Seed or generator of the bootstrap.

    Returns:
        An `Effect`; delta is above 0 where `first` has the larger values.

    Raises:
        ValueError: A sample is not such.

    Source: Mann and Whitney 1947; Cliff 1993.
    """
    samples = _sample("first", first), _sample("second", second)
    test = scipy.stats.mannwhitneyu(*samples)
    draws = scipy.stats.bootstrap(
        samples,
        _delta,
        n_resamples=resamples,
        batch=max(1, _AT_A_TIME // sum(map(len, samples))),
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = draws.confidence_interval
    return Effect(
        sizes=(len(samples[0]), len(samples[1])),
        means=(float(samples[0].mean()), float(samples[1].mean())),
        medians=(float(np.median(samples[0])), float(np.median(samples[1]))),
        u=float(test.statistic),
        p=float(test.pvalue),
        delta=float(_delta(*samples)),
        interval=(float(interval.low), float(interval.high)),
    )


def _delta(first: np.ndarray, second: np.ndarray, axis: int = -1) -> Any:
    # Asymptotic: the p-values, which nobody asks for here, cost least so.
    u = scipy.stats.mannwhitneyu(
        first, second, axis=axis, method="asymptotic"
    ).statistic
    return 2 * u / (first.shape[axis] * second.shape[axis]) - 1


def _sample(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values, float)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all():
        raise ValueError(
            f"`{name}` must be at least 2 finite numbers, shape (n,). "
            f"Received: {name}.shape={array.shape}, "
            f"{np.isfinite(array).sum()} of them finite"
        )
    return array
