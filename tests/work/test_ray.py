"""A cluster of Ray on loopback, of which all is killed in turn."""

import json
import os
import subprocess
import sys

import pytest

from tests.work import cluster

pytestmark = pytest.mark.slow


@pytest.fixture
def ray_alone(tmp_path):
    """Runs Python with some code, where a cluster is nobody else's."""
    pytest.importorskip("ray")
    if not cluster.can_be_alone():
        pytest.skip("needs unshare and ip, and the right to a network alone")

    def run(code, *given):
        command = [sys.executable, "-c", code, str(tmp_path), *given]
        return subprocess.run(
            cluster.alone(command, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    return run


LOSSES = """
import sys
from tests.work import losses
losses.main(
    sys.argv[1], 3, ["--models=m1,fc10-1", "--attack=fgsm", "--dataset=mnist5k",
    "--split=test", "--examples=768", "--shard=256"], nodes=2)
"""


def test_whatever_is_killed_nothing_is_lost_or_done_twice(ray_alone):
    found = ray_alone(LOSSES)
    assert found.returncode == 0, found.stderr
    runs = [json.loads(line) for line in found.stdout.splitlines()]
    assert [run.pop("killed") for run in runs] == ["worker", "node", "driver"]
    for run in runs:
        assert run.pop("after") >= 1
        assert run == {
            "units": 18,
            "missing": 0,
            "differ": 0,
            "done twice": 0,
            "results differ": False,
            "left over": 0,
        }


REFUSED = """
import contextlib, pathlib, sys
import advkeras
from advkeras import work
from advkeras.work import starting
from tests.work import cluster, jobs

MODELS = {"a": "model a"}
units = jobs.units(pathlib.Path(sys.argv[1]), MODELS, 2)

def said(**given):
    try:
        with contextlib.closing(work.engine("ray", **given)) as engine:
            work.perform(units, MODELS, engine)
    except ValueError as error:
        print(" ".join(str(error).split()))

with cluster.Cluster(sys.argv[1] + "/ray", 1) as nodes:
    said(address="127.0.0.1:1")
    said(address=cluster.ADDRESS, workers=2)
    said(address=cluster.ADDRESS, gpus=1)
    real = starting.versions()
    starting.versions = lambda: {**real, "numpy": "1.0"}
    said(address=cluster.ADDRESS)
    starting.versions = lambda: real
    nodes.add(cores=3, without=pathlib.Path(advkeras.__file__).parent)
    said(address=cluster.ADDRESS, workers=1, cpus=3)
"""


def test_a_cluster_that_does_not_fit(ray_alone, tmp_path):
    found = ray_alone(REFUSED)
    assert found.returncode == 0, found.stderr
    nowhere, few, no_gpu, other, without = found.stdout.splitlines()
    assert nowhere.startswith("`address` must be that of a cluster of Ray")
    assert "address='127.0.0.1:1'" in nowhere
    assert "workers=2" in few
    assert "room for 1" in few
    assert "room for 0" in no_gpu
    assert "there, 1.0 here" in other
    assert "nodes that have advkeras" in without
    assert "No module named" in without
    assert not list(tmp_path.rglob("*.npz"))
