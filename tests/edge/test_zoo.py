"""Nets of strangers are exported and lifted truly, or refused in a line."""

import pytest

from tests.edge import zoo
from tests.edge.zoo import nets

# Why a net is not exported: it says so itself.
REFUSED = {"lstm": "a loop over time steps"}


def test_there_are_fifty():
    assert len(nets.NETS) == 50


@pytest.mark.slow
@pytest.mark.parametrize("name", nets.NETS)
def test_a_net(name, tmp_path):
    found = zoo.tried(name, tmp_path, ("float32", "int8"), ("litert",))
    floats, integers = found.values()
    if name in REFUSED:
        assert floats.reason.startswith(REFUSED[name])
        assert integers.reason.startswith(REFUSED[name])
        return
    # Half precision is what the net itself rounds by.
    most = 1e-2 if name == "mixed_precision" else 1e-4
    assert floats.error < most
    assert floats.copied == floats.n
    assert (floats.lifted, floats.lift) == (floats.n, None)
    assert (integers.lifted, integers.lift) == (integers.n, None)
