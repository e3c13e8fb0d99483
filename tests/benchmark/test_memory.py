import os
import sys

import numpy as np
import pytest

from advkeras.benchmark import memory
from advkeras.benchmark import peak_memory

MB = 2**20


def prepare(first, then):
    """Prepares by using memory, and returns work that uses other memory."""
    np.ones(first * MB, np.uint8).sum()
    kept = np.ones(MB, np.uint8)

    def work():
        np.ones(then * MB, np.uint8).sum()
        return os.getpid(), int(kept[0])

    return work


def crash():
    print("no more", flush=True)
    os._exit(3)


@pytest.fixture(params=["here", pytest.param("apart", marks=pytest.mark.slow)])
def measure(request):
    """Measures, in this process or, as is right, in one of its own."""
    if request.param == "apart":
        return peak_memory
    return lambda prepare, *arguments: memory._measured(prepare, arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="peaks cannot be reset")
def test_only_the_work_counts(measure):
    used = measure(prepare, 200, 100)
    assert 99 * MB < used.peak - used.before < 130 * MB
    process, kept = used.returned
    assert (process != os.getpid()) == (measure is peak_memory)
    assert kept == 1


@pytest.mark.slow
def test_a_process_that_ends():
    with pytest.raises(ValueError, match=r"prepare=crash, .*: no more"):
        peak_memory(crash)
