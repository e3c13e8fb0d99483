"""The largest radius that a certificate still holds for, image by image."""

from collections.abc import Callable

import numpy as np

_STEPS = 40


def largest(
    holds_by: Callable[[np.ndarray, np.ndarray], np.ndarray],
    first: np.ndarray,
    rtol: float,
) -> np.ndarray:
    """Returns radii at which a certificate holds, and not much more than that.

    No radius is returned that was not found to hold, however the certificate
    behaves between.

    Args:
        holds_by: (radii, rows) -> by how much the certificate holds for those
            rows, each at its radius; 0 and below: it does not.
        first: Radii to begin with, (n,), near the answer if possible.
        rtol: The search stops when the next larger radius known to fail is
            larger by this share.

    Returns:
        float64, (n,); 0 where it holds at no radius.
    """
    n = len(first)
    low, high = np.zeros(n), np.full(n, np.inf)
    margin = holds_by(low, np.arange(n))
    beyond = np.zeros(n)  # by how much it fails at `high`
    rows = np.flatnonzero(margin > 0)
    trial = first.copy()
    for step in range(_STEPS):
        if not len(rows):
            break
        by = holds_by(trial[rows], rows)
        good, bad = rows[by > 0], rows[by <= 0]
        low[good], margin[good] = trial[good], by[by > 0]
        high[bad], beyond[bad] = trial[bad], by[by <= 0]
        rows = rows[high[rows] * (1 - rtol) > low[rows]]
        # By turns where a straight line crosses zero, and half way.
        drop = np.maximum(margin - beyond, np.finfo(float).tiny)
        share = margin / drop if step % 2 == 0 else np.full(n, 0.5)
        share = share.clip(rtol / 2, 1 - rtol / 2)
        inside = np.isfinite(high)
        trial[inside] = (low + share * (high - low))[inside]
        trial[~inside] *= 2
    return low
