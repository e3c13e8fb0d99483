import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras.attacks.solvers.lockstep.search import search_c


def drive(search, succeeds):
    """Runs a search on a given rule; returns (bracket, what was tried)."""
    tried = [next(search)]
    while True:
        try:
            tried.append(search.send(succeeds(tried[-1])))
        except StopIteration as end:
            return end.value, tried


def test_by_hand():
    """Succeeds up to 10: 1, 4, 16 bracket it; 8, 11.3 and 9.5 bisect."""
    bracket, tried = drive(search_c(1.0, 0.2), lambda c: c <= 10)
    root2 = math.sqrt(2)
    assert tried == pytest.approx(
        [1, 4, 16, 8, 8 * root2, 8 * root2**0.5], rel=1e-12
    )
    assert bracket == pytest.approx((8 * root2**0.5, 8 * root2))


@given(
    threshold=st.floats(1e-8, 1e8),
    start=st.floats(1e-3, 1e3),
    rtol=st.floats(1e-3, 1.0),
)
def test_brackets_the_threshold(threshold, start, rtol):
    (low, high), tried = drive(search_c(start, rtol), lambda c: c <= threshold)
    assert low <= threshold < high
    assert high <= low * (1 + rtol)
    assert low in tried
    assert high in tried


def test_never_succeeds():
    (low, high), tried = drive(search_c(1.0, 0.02), lambda c: False)
    assert low == 0
    assert high == min(tried)
    assert len(tried) < 25


def test_never_fails():
    (low, high), tried = drive(search_c(1.0, 0.02), lambda c: True)
    assert high == math.inf
    assert low == max(tried)
    assert len(tried) < 25
