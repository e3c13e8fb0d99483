"""Apps whose disk fills up while they write.

What fills up is the size that a file may have (RLIMIT_FSIZE): the system then
refuses, in the middle of a write, as it does on a full disk, and on any Linux
without rights. It says EFBIG, and makes folders and empty files even so;
tests/test_full_disk.py has refusals of those.
"""

import json
import os
import random
import resource
import subprocess
import threading
import time
import zipfile
from pathlib import Path

import numpy as np

from advkeras.edge import flatbuffer
from tests.campaigns import running
from tests.campaigns.row import Row

# App -> full disks, of the whole.
DISKS = {
    "train": 3,
    "train by AdamW": 3,
    "transfer_eval": 4,
    "edge_eval": 4,
    "evaluate": 3,
    "export": 3,
}
_SAID = "File too large"


def run(share, seed, folder, apps=tuple(DISKS)):
    """Fills the disk of each app, and starts it again where there is room."""
    failures, refused, tried = [], set(), 0
    for name in apps:
        disks = DISKS[name]
        app = running.APPS[name]
        dice = random.Random(f"{seed} {name}")
        here = folder / name.replace(" ", "-")
        whole = here / "reference"
        app.reference(whole)
        left, tries = max(1, round(disks * share)), 0
        while left:
            full, roomy = here / f"{tries}-full", here / f"{tries}-roomy"
            files, size = _dice(dice, whole)
            code, said = _run(app, full, files, size)
            tries += 1
            at = f"{name}, {size} bytes of file {files + 1}"
            if code == 0:
                # It was done before the limit was there, or kept silent.
                silent = running.differences(whole, full)
                failures += [f"{at}: silent, and {x}" for x in silent]
                continue
            left -= 1
            tried += 1
            wrong = [*_wrong_words(app, code, said), *_torn(full, whole)]
            refused.add(said.rstrip().rpartition("\n")[2])
            running.copied(full, roomy)
            if ended := app.finish(roomy):
                wrong.append(f"started again, {ended}")
            wrong += running.differences(whole, roomy)
            failures += [f"{at}: {x}" for x in wrong]
    return [
        Row(
            "the disk fills up while an app writes",
            tried,
            tuple(failures),
            f"{len(apps)} apps; {len(refused)} different errors",
        )
    ]


def _dice(dice, whole):
    """Returns after how many files, and bytes of the next, there is no room."""
    written = sorted(
        (p for p in (whole / running.OUTPUT).rglob("*") if p.is_file()),
        key=lambda path: path.stat().st_mtime_ns,
    )
    files = dice.randrange(len(written))
    # None at all: then what was written before cannot be written over either.
    bytes_left = dice.randrange(written[files].stat().st_size)
    return files, dice.choice((0, bytes_left))


def _run(app, folder, files, size):
    """Runs an app, and limits its files once it has written some.

    Returns:
        Exit code and stderr.
    """
    process = app.start(
        folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )

    def fill():
        while process.poll() is None:
            # Not before there is a place for them: TensorFlow itself is not
            # imported where no temporary file can be made.
            begun = (folder / running.OUTPUT).exists()
            if begun and len(_whole_files(folder)) >= files:
                resource.prlimit(
                    process.pid, resource.RLIMIT_FSIZE, (size, size)
                )
                return
            time.sleep(0.001)

    filler = threading.Thread(target=fill)
    filler.start()
    said = process.communicate()[1]
    filler.join()
    return process.returncode, said


def _whole_files(folder):
    """Returns the files that have their names."""
    output = folder / running.OUTPUT
    # Folders may go while this looks into them; os.walk passes over those.
    return [
        name
        for place, _, names in os.walk(output)
        if not _is_aside(Path(place).relative_to(output))
        for name in names
    ]


def _is_aside(path):
    return any(part.startswith(".") for part in path.parts)


def _wrong_words(app, code, said):
    """Returns what is wrong with how an app ended."""
    lines = said.rstrip().splitlines() or [""]
    if code < 1:
        yield f"exit code {code}"
    if "Traceback" in said:
        yield f"a traceback: {said[-2000:]}"
    if not (
        lines[-1].startswith(f"{app.name}: `")
        and "Received: " in lines[-1]
        and running.OUTPUT in lines[-1]
        and _SAID in lines[-1]
    ):
        yield f"it says {lines[-1]!r}"


def _torn(full, whole):
    """Returns what no run should leave: half files, and those of half a run."""
    for name in sorted(running.names(full)):
        path = full / running.OUTPUT / name
        same = whole / running.OUTPUT / name
        if _is_aside(path.relative_to(full)):
            yield f"{name} is left"
        elif same.is_file():
            if running.differs(same, path):
                yield f"{name} differs"
        elif path.is_file() and (reason := _unreadable(path)):
            yield f"{name} cannot be read: {reason}"


def _unreadable(path):
    try:
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                [arrays[name] for name in arrays]
        elif path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip()
        elif path.suffix == ".tflite":
            flatbuffer.describe(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return repr(error)
    return None
