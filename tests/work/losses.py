"""Kills workers, nodes and drivers of Ray at random; nothing may be lost.

    unshare --net bash -c "ip link set lo up; python -m tests.work.losses X 10"

Runs a transfer matrix of 4 models and 2 attacks on three nodes, as often as is
said, and each time kills one of them, somewhere in the middle. Prints a line
for each: what was killed, and whether all is as one process alone made it. X
is a folder for all of it.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.work import cluster as clusters

APP = [sys.executable, "-m", "apps.transfer_eval"]
MODELS = "m1,m1-prime,m2,fc10-1"
WHAT = ("worker", "node", "driver")
NODES = 3


def run(output, *more):
    """Starts the app."""
    log = Path(f"{output}.log").open("a")  # noqa: SIM115  # the child has it
    return subprocess.Popen(
        [*APP, f"--output={output}", *more],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )


def kept(output):
    """Returns what has to be alike: results, and every array of a unit."""
    results = json.loads((output / "results.json").read_text())
    for name in ("command", "date", "platform", "device"):
        results.pop(name, None)
    arrays = {}
    for path in units(output):
        with np.load(path) as held:
            arrays[path.relative_to(output).as_posix()] = {
                name: (str(held[name].dtype), held[name].tobytes())
                for name in held.files
            }
    return results, arrays


def units(output):
    """Returns the files of units that are there.

    `rglob` would raise an error where a folder goes away meanwhile.
    """
    return sorted(
        Path(place) / name
        for place, _, names in os.walk(output)
        for name in names
        if name.endswith(".npz") and not Path(place).name.startswith(".")
    )


def loss(output, flags, what, after, expected, cluster):
    """Runs it once, and kills something after so many units; says how it was.

    Args:
        output: The folder to write; new.
        flags: Of the app.
        what: One of WHAT.
        after: How many files are there when it is killed, at least.
        expected: What `kept` says of one process alone.
        cluster: Where it runs; a node that is lost is replaced.
    """
    flags = [*flags, "--engine=ray", "--workers=0"]
    flags.append(f"--address={clusters.ADDRESS}")
    driver = run(output, *flags)
    while driver.poll() is None and len(units(output)) < after:
        time.sleep(0.05)
    assert driver.poll() is None, Path(f"{output}.log").read_text()
    before = {p: p.stat().st_mtime_ns for p in units(output)}
    if what == "driver":
        clusters.end(driver.pid)
        driver = run(output, *flags)
    elif what == "node":
        cluster.kill_a_node()
    else:
        cluster.kill_a_worker()
    assert driver.wait() == 0, Path(f"{output}.log").read_text()
    again = {p: p.stat().st_mtime_ns for p in before}
    results, arrays = kept(output)
    left = [*output.rglob(".*.aside")]
    return {
        "killed": what,
        "after": len(before),
        "units": len(arrays),
        "missing": len(expected[1].keys() - arrays.keys()),
        "differ": sum(expected[1][k] != arrays[k] for k in arrays),
        "done twice": sum(again[p] != before[p] for p in before),
        "results differ": results != expected[0],
        "left over": len(left),
    }


def main(folder, runs, flags, kinds=WHAT, nodes=NODES):
    """Makes the run of one process, then so many with a loss each."""
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    alone = run(folder / "alone", *flags)
    assert alone.wait() == 0, (folder / "alone.log").read_text()
    expected = kept(folder / "alone")
    chosen = random.Random(0)
    with clusters.Cluster(folder / "ray", nodes) as cluster:
        for i in range(runs):
            what = kinds[i % len(kinds)]
            after = chosen.randrange(1, len(expected[1]) - 2)
            output = folder / str(i)
            one = loss(output, flags, what, after, expected, cluster)
            print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2]),
        [
            f"--models={MODELS}",
            "--attack=fgsm,lbfgs",
            "--dataset=mnist",
            "--examples=2000",
            "--shard=256",
        ],
    )
