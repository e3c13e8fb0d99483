import os
import signal
import time

import pytest

from tests.campaigns import mutants
from tests.campaigns import opening


@pytest.mark.slow
@pytest.mark.parametrize("name", mutants.KINDS)
def test_a_thirtieth_of_the_files(tmp_path, name):
    n = mutants.KINDS[name].whole // 30
    row = mutants.run_kind(name, n, 0, tmp_path)
    assert row.tried == n
    assert not row.failures
    assert " refused" in row.found


def test_the_whole_is_ten_thousand():
    assert sum(kind.whole for kind in mutants.KINDS.values()) == 10_000


def crash(path):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(path):
    time.sleep(60)


def two_lines(path):
    raise ValueError("one\ntwo Received: ")


def another(path):
    raise KeyError("a")


def well(path):
    pass


def refused(path):
    raise ValueError("`path` must be better. Received: path=1")


def test_each_end_is_told_from_the_others():
    with opening.Opener(30) as opener:
        # Before and after what ends the process.
        for _ in range(2):
            assert opener.open(well, "a") == "read"
            assert opener.open(refused, "a") == "refused"
            for read, end in (
                (crash, "crashed: -11"),
                (two_lines, "said otherwise: ValueError: "),
                (another, "raised KeyError: "),
            ):
                assert opener.open(read, "a").startswith(end)
    with opening.Opener(1) as opener:
        assert opener.open(hang, "a") == "no answer within 1 s"
