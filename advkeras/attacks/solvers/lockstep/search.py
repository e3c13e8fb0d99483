"""The search for c: the largest weight of |r|^2 that still succeeds."""

import math
from collections.abc import Generator


def search_c(
    start: float, rtol: float, factor: float = 4.0, smallest: float = 1e-10
) -> Generator[float, bool, tuple[float, float]]:
    """Brackets the largest c that succeeds, then bisects log c.

    The larger c, the smaller the r that minimises c |r|^2 + loss. (Szegedy et
    al. 2013, section 4.1, print "minimum c"; with c on |r| the smallest r is
    at the maximum.)

    Args:
        start: The first c.
        rtol: Stops when the bracket's ends differ by this factor less one.
        factor: Growth of c while one end of the bracket is missing.
        smallest: Gives up when c falls below it, or grows beyond its inverse.

    Yields:
        A c to try; send True if it succeeded.

    Returns:
        The bracket: the largest c that succeeded (0 if none did) and the
        smallest that did not (infinity if none failed).

    Example:
        >>> search = search_c(1.0, 0.01)
        >>> c = next(search)
        >>> c = search.send(True)  # a larger one
    """
    succeeded, failed = 0.0, math.inf
    c = start
    while failed > succeeded * (1 + rtol) and smallest < c < 1 / smallest:
        if (yield c):
            succeeded = c
        else:
            failed = c
        if failed == math.inf:
            c = succeeded * factor
        elif succeeded == 0:
            c = failed / factor
        else:
            c = math.sqrt(succeeded * failed)
    return succeeded, failed
