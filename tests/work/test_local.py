"""Processes of this machine, some of which are killed."""

import errno
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from advkeras import files
from advkeras import work
from advkeras.work import Unit
from advkeras.work.engines import ray
from tests.work import jobs

MODELS = {"a": "model a", "b": "model b"}


@pytest.fixture(scope="module")
def two():
    engine = work.engine("local", workers=2)
    yield engine
    engine.close()


def test_the_files_are_those_of_one_process(tmp_path, two):
    work.perform(jobs.units(tmp_path / "one", MODELS, 4), MODELS, work.engine())
    performed = work.perform(
        jobs.units(tmp_path / "two", MODELS, 4, jobs.wait), MODELS, two
    )
    assert performed.done == 8
    assert performed.loads <= 4
    assert jobs.contents(tmp_path / "one") == jobs.contents(tmp_path / "two")


def test_a_killed_worker_costs_its_unit_alone(tmp_path, two):
    work.perform(jobs.units(tmp_path / "one", MODELS, 4), MODELS, work.engine())
    mark = tmp_path / "mark"
    units = jobs.units(tmp_path / "two", MODELS, 4)
    path = tmp_path / "two" / "a" / f"{1:09d}.npz"
    units[2] = Unit(path, "a", jobs.die_once, (1, mark))
    performed = work.perform(units, MODELS, two)
    assert mark.exists()
    assert (performed.done, performed.lost) == (8, 1)
    # With what the killed one left aside cleared when its unit came again.
    assert jobs.contents(tmp_path / "one") == jobs.contents(tmp_path / "two")


@pytest.mark.slow
def test_a_unit_that_kills_every_worker_is_given_up(tmp_path, two):
    deadly = Unit(tmp_path / "a" / "deadly.npz", "a", jobs.die)
    units = [deadly, *jobs.units(tmp_path, MODELS, 2)]
    with pytest.raises(work.FailedUnitsError, match=r"deadly\.npz failed 3"):
        work.perform(units, MODELS, two)
    assert all(unit.path.is_file() for unit in units[1:])


def test_a_full_disk_is_said_by_the_parent(tmp_path, two):
    unit = Unit(tmp_path / "a.npz", "a", jobs.fill_the_disk)
    with pytest.raises(files.NotWrittenError, match=r"No space left") as raised:
        work.perform([unit], MODELS, two)
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.slow
def test_workers_end_with_their_parent(tmp_path):
    program = textwrap.dedent("""
        import pathlib, sys, time
        from advkeras import work
        from tests.work import jobs

        def main():
            engine = work.engine("local", workers=2)
            for worker in engine.workers():
                worker.ready().result()
                print(*(child.pid for child in worker._children), flush=True)
            time.sleep(600)

        if __name__ == "__main__":
            main()
    """)
    (tmp_path / "program.py").write_text(program)
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "program.py"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    children = [int(parent.stdout.readline()) for _ in range(2)]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 30
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, children))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "spark"}, "engine='spark'"),
        ({"workers": -1}, "workers=-1"),
        ({"cpus": 0}, "worker_cpus=0"),
        ({"address": "auto"}, "address='auto'"),
        ({"gpus": 0.5}, "worker_gpus=0.5"),
    ],
)
def test_an_engine_that_cannot_be(given, message):
    with pytest.raises(ValueError, match=message):
        work.engine(**given)


@pytest.mark.parametrize(
    ("cpus", "gpus", "room"),
    [(1, 0, 7), (2, 0, 3), (4, 0, 1), (5, 0, 0), (1, 1, 2), (1, 0.5, 4)],
)
def test_room_for_workers_is_that_of_each_node(cpus, gpus, room):
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "GPU": 2.0}},
        {"Alive": True, "Resources": {"CPU": 3.0, "memory": 1e9}},
        {"Alive": True, "Resources": {"memory": 1e9}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    assert ray._room(nodes, cpus, gpus) == room


def test_ray_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'advkeras\[ray\]'"):
        work.engine("ray")
