"""Broken .tflite files end in one line, never in a crash, hang or leftover."""

import collections
import concurrent.futures
import time
from typing import ClassVar

import numpy as np
import pytest

from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.runtimes import Interpreter
from tests.edge import dense
from tests.edge.runtimes.battery import HERE
from tests.edge.runtimes.battery import runtimes
from tests.mutations import mutated

TIMEOUT = 20
IMAGES = dense.images(3)


class Watched(Interpreter):
    """An interpreter that is known although its making failed."""

    started: ClassVar[list[Interpreter]] = []

    def _receive(self):
        if self not in self.started:
            self.started.append(self)
        return super()._receive()


def run(path, runtime):
    """Returns how it ended, and how many seconds that took."""
    start = time.monotonic()
    try:
        with Watched(path, runtime, timeout=TIMEOUT) as session:
            found = session.predict(IMAGES)
            assert found.outputs.shape == (3, session.num_classes)
            assert found.labels.shape == (3,)
            end = "ran"
    except CannotRunError as error:
        assert "\n" not in str(error) and str(path) in str(error)
        assert 0 < len(error.reason) < 2000
        end = error.reason
    except ValueError as error:
        # The images no longer fit the file, which is said before they are sent.
        assert "`images` must be of shape" in str(error)
        end = "other images"
    return end, time.monotonic() - start


def fuzz(folder, contents, runtime, n, seed):
    """Returns how many files ended in what way."""
    Watched.started = []
    paths = []
    for i, content in enumerate(mutated(contents, n, seed)):
        paths.append(folder / f"{i}.tflite")
        paths[-1].write_bytes(content)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda path: run(path, runtime), paths))
    slowest = max(seconds for _, seconds in ends)
    assert slowest < 2 * TIMEOUT + 5
    assert len(Watched.started) == n
    assert all(one._process.poll() is not None for one in Watched.started)
    return collections.Counter(_kind(end) for end, _ in ends), slowest


def _kind(end):
    for kind in ("crashed: ", "no answer"):
        if kind in end:
            return kind + end.split(kind)[1].split()[0].rstrip(";")
    return end if end in ("ran", "other images") else "said why"


@pytest.fixture
def contents(dense_files):
    names = ("int8", "float32", "uint8", "one")
    return [dense_files[name].read_bytes() for name in names]


@pytest.mark.slow
@runtimes(*HERE)
def test_some_broken_files(tmp_path, contents, runtime):
    ends, _ = fuzz(tmp_path, contents, runtime, 30, seed=0)
    assert sum(ends.values()) == 30
    # Not every mutation hits what matters, and not every one is caught.
    assert ends["ran"] < 25
    assert ends["said why"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runtime", "n"),
    [("litert", 200), ("litert-reference", 100), ("tflm", 100)],
)
def test_many_broken_files(tmp_path, contents, runtime, n, capsys):
    ends, slowest = fuzz(tmp_path, contents, runtime, n, seed=1)
    with capsys.disabled():
        print(f"\n{runtime}: {dict(ends)}, the slowest {slowest:.1f} s")
    assert sum(ends.values()) == n
    assert ends["ran"] > 0 and ends["said why"] > n / 4
    # LiteRT 2.3 crashed on some, which a later version need not.
    assert ends["no answer"] <= n / 20


def test_a_file_that_runs_is_run_after_broken_ones(tmp_path, contents):
    fuzz(tmp_path, contents, "litert", 4, seed=2)
    path = tmp_path / "whole.tflite"
    path.write_bytes(contents[0])
    assert run(path, "litert")[0] == "ran"


def test_the_same_broken_files_each_time(contents):
    assert mutated(contents, 40, seed=3) == mutated(contents, 40, seed=3)
    assert np.unique([len(c) for c in mutated(contents, 40, seed=3)]).size > 5
