"""Where an app writes: a disk may fill up, another run may be at work."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from advkeras import files

FULL = "No space left on device"
HOLD = (
    "import sys, time; from advkeras import locks; "
    "lock = locks.lock(sys.argv[1]); print('held', flush=True); time.sleep(99)"
)


@pytest.fixture
def arguments(small_edge_eval):
    return [*small_edge_eval, "--nowhite_box"]


def names(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


@pytest.mark.parametrize("room", [0, 2, 5])
def test_a_disk_that_fills_up(run_app, arguments, tmp_path, monkeypatch, room):
    """One line; and what was done before it did is not done again."""
    folder = tmp_path / "run"
    real, left = os.replace, [room]

    def replace(*paths):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, FULL)
        left[0] -= 1
        return real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    ended = run_app("edge_eval", *arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err
    line = ended.err.splitlines()[-1]
    assert line.startswith("edge_eval: `output` must be a place that can be")
    assert f"Received: output={str(folder)!r} ({FULL})" in line
    written = {name for name in names(folder) if (folder / name).is_file()}
    assert len(written) == room
    assert not [name for name in names(folder) if Path(name).name[0] == "."]
    monkeypatch.undo()
    assert (run_app("edge_eval", *arguments).code or 0) == 0
    assert files.read_json(folder / "results.json")["source"]


@pytest.mark.parametrize("app", ["edge_eval", "evaluate"])
def test_two_runs_at_once(refusal, arguments, tmp_path, app):
    folder = tmp_path / "run"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"held\n"
        message = refusal(app, *arguments)
        assert "`output` must be a folder that no other run" in message
        assert f"Received: output={str(folder)!r}" in message
        assert names(folder) == set()
    finally:
        process.kill()
        process.communicate()
