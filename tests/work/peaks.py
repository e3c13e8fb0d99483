"""The memory of `transfer_eval` at its peak, of few images and of many.

    python -m tests.work.peaks X ATTACK [FLAGS OF THE APP]

X is a folder, new. Of 2,000 and 60,000 images of MNIST: MiB of the app, and of
each worker, as Linux counts them.
"""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil

APP = [sys.executable, "-m", "apps.transfer_eval", "--models=m1,m2"]
DATA = ["--dataset=mnist", "--split=train"]


def peak(pid):
    """Returns the MiB that a process had at most; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return 0
    return int(lines.get("VmHWM", "0 kB").split()[0]) / 1024


def peaks(folder, images, attack, flags):
    """Runs the app; returns the peaks of it and of its workers."""
    own = [f"--examples={images}", f"--attack={attack}"]
    app = subprocess.Popen(
        [*APP, *DATA, *own, *flags, f"--output={folder / str(images)}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = {}
    while app.poll() is None:
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            below = psutil.Process(app.pid).children()
            workers = [p.pid for p in below if "spawn_main" in str(p.cmdline())]
            for pid in (app.pid, *workers):
                found[pid] = max(found.get(pid, 0), peak(pid))
        time.sleep(0.3)
    assert app.returncode == 0
    return [round(most) for most in found.values()]


if __name__ == "__main__":
    _, place, name, *more = sys.argv
    for n in (2_000, 60_000):
        print(n, "images:", *peaks(Path(place), n, name, more), "MiB")
