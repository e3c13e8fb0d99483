"""Running an app as a process that something happens to, and comparing."""

import dataclasses
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py

ROOT = Path(__file__).parents[2]
# What an app writes lies here, in the folder it is started in.
OUTPUT = "output"
# Seconds that what an app started may outlive it.
_ORPHANED = 10


@dataclasses.dataclass(frozen=True)
class App:
    """An app with flags that keep it small.

    Attributes:
        name: As in its own errors.
        module: What `python -m` runs.
        flags: Its flags; files that it writes lie in OUTPUT.
    """

    name: str
    module: str
    flags: tuple[str, ...]

    def start(self, folder, **streams):
        """Starts it in a folder of its own, as a session of its own."""
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", self.module, *self.flags],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(folder / "tmp"),
                "COLUMNS": "200",
            },
            start_new_session=True,
            text=True,
            **streams,
        )

    def finish(self, folder):
        """Runs it to its end; returns what went wrong, or ""."""
        process = self.start(
            folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        said = process.communicate()[1]
        if process.returncode == 0:
            return ""
        return f"exit code {process.returncode}: {said.strip()[-500:]}"

    def reference(self, folder):
        """Runs it without interruption; returns how many seconds it took."""
        start = time.monotonic()
        if wrong := self.finish(folder):
            raise RuntimeError(f"{self.name}: {wrong}")
        return time.monotonic() - start


def _app(name, *flags, module=None, output=OUTPUT):
    flags = (*flags, f"--output={output}")
    return App(name, module or f"apps.{name}", flags)


_DIGITS = "--dataset=mnist5k"
_NET = f"{OUTPUT}/net.keras"
_FGSM = (_DIGITS, "--attack=fgsm", "--examples=4", "--overshoots=1")
APPS = {
    "train": _app(
        *("train", "--model=fc10", "--epochs=160"),
        *(_DIGITS, "--split=train[:200]"),
        output=_NET,
    ),
    "train by AdamW": _app(
        *("train", "--model=conv-mnist", "--epochs=12"),
        *(_DIGITS, "--split=train[:200]"),
        output=_NET,
    ),
    "transfer_eval": _app(
        *("transfer_eval", "--models=m1,m2", "--attack=fgsm,lbfgs"),
        *(_DIGITS, "--examples=4"),
    ),
    "edge_eval": _app(
        *("edge_eval", "--model=m1", "--variants=int8", *_FGSM),
        "--runtimes=litert,tflm",
    ),
    "evaluate": _app(
        *("evaluate", "--model=m1", "--variants=int8", *_FGSM),
        *("--epsilon=0.1", "--runtimes=litert", "--nowhite_box"),
    ),
    "export": _app(
        *("export", "--model=m1", "--variants=float32,int8", _DIGITS),
        "--format=c",
    ),
    # The real one takes minutes, and has no flags that would make it smaller.
    "quickstart": _app("quickstart", module="tests.campaigns.hurried"),
}


def kill(process):
    """Kills an app, and nothing else; returns what of it lives on."""
    process.kill()
    process.wait()
    until = time.monotonic() + _ORPHANED
    while (left := _session(process.pid)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    return sorted(left.values())


def _session(leader):
    """Returns the processes of a session: id -> command."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold anything: state, parent, group.
            state, _, _, session = (
                stat.read_text().rpartition(")")[2].split()[:4]
            )
            command = stat.with_name("cmdline").read_text()
        except OSError:  # it has ended
            continue
        if int(session) == leader and state != "Z":
            found[stat.parent.name] = command.replace("\0", " ").strip()
    return found


def copied(folder, to):
    """Copies all that a run left to another folder."""
    to.mkdir()
    if (folder / OUTPUT).exists():  # not where the first file did not fit
        shutil.copytree(folder / OUTPUT, to / OUTPUT)


def names(folder):
    """Returns all that lies in an output folder, as its paths there."""
    output = folder / OUTPUT
    return {p.relative_to(output).as_posix() for p in output.rglob("*")}


def differences(reference, folder):
    """Returns how an output folder differs from one of a whole run."""
    there, here = names(reference), names(folder)
    return [
        *(f"{name} is missing" for name in sorted(there - here)),
        *(f"{name} is left" for name in sorted(here - there)),
        *(
            f"{name} differs"
            for name in sorted(there & here)
            if differs(reference / OUTPUT / name, folder / OUTPUT / name)
        ),
    ]


def differs(one, other):
    """Whether two files say different things, but for how long it took."""
    return one.is_file() and _content(one) != _content(other)


def _content(path):
    if path.suffix == ".json":
        return _undated(json.loads(path.read_text("utf-8")))
    if path.suffix == ".keras":
        # Beside these it holds when it was written. Keras numbers layers that
        # have no name by what else the process has built.
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json").decode()
            return [
                re.sub(r'"(flatten|input_layer)_\d+"', r'"\1"', config),
                _arrays(archive.read("model.weights.h5")),
            ]
    if path.suffix in (".md", ".html", ".csv", ".tex"):
        # Their figures are those of results.json, with latencies between, and
        # on a page the date.
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:+]+", "", path.read_text("utf-8"))
        return re.sub(r"\d+\.\d+(e-\d+)?", "0.0", text)
    return path.read_bytes()


def _arrays(content):
    """Returns the arrays of an HDF5 file, by their places."""
    found = {}

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(add)
    return found


def _undated(value):
    """Returns JSON values but for latencies, dates and sums of models."""
    if isinstance(value, list):
        return [_undated(part) for part in value]
    if not isinstance(value, dict):
        return value
    leave = {"median", "p90"} if "p90" in value else set()
    leave |= {"date"} if "schema" in value else set()
    if "architecture" in value or value.get("value") != _undated(
        value.get("value")
    ):  # the card of one, or the part of a run with latencies
        leave |= {"sha256"}
    return {k: _undated(v) for k, v in value.items() if k not in leave}
