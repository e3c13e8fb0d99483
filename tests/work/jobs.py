"""Units without TensorFlow's work: what they write is all that they do."""

import errno
import os
import signal
import time

import numpy as np

from advkeras.work import Unit


def write(model, path, number):
    """Writes what a unit is of, and who did it is no part of it."""
    with path.open("wb") as file:
        np.savez(file, model=np.array(model), number=np.array(number))


def wait(model, path, number, seconds=0.05):
    time.sleep(seconds)
    write(model, path, number)


def die_once(model, path, number, mark):
    """Kills its process, the first time that any is here."""
    if not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    write(model, path, number)


def die(model, path):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(model, path, log):
    with log.open("a") as file:
        file.write("tried\n")
    raise RuntimeError("no such luck")


def refuse(model, path):
    raise ValueError("`labels` must be other. Received: these")


def fill_the_disk(model, path):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def units(folder, models, n, make=write, *given):
    """Returns n units for each model."""
    return [
        Unit(folder / model / f"{i:09d}.npz", model, make, (i, *given))
        for i in range(n)
        for model in models
    ]


def contents(folder):
    """Returns the files of a folder, relative, with what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
