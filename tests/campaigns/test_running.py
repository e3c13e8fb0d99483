"""What campaigns tell by: folders that differ, a child that lives on."""

import io
import json
import subprocess
import sys
import zipfile

import h5py
import pytest

from tests.campaigns import running

RESULTS = {
    "card": {"architecture": "fc10", "sha256": "of a date", "seed": 1},
    "rows": [{"latency": {"median": 0.1, "p90": 0.2, "n": 16}, "sha256": "a"}],
    "part": {"of": {}, "value": {"p90": 0.2}, "sha256": "of the latency"},
    "other": {"of": {}, "value": {"n": 2}, "sha256": "of the value"},
}


def hdf5(text):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["dense/kernel"] = [ord(text)]
    return content.getvalue()


def write(folder, results=RESULTS, weights="w", date="today", page="0.1 of 3"):
    output = folder / running.OUTPUT
    (output / "examples").mkdir(parents=True)
    (output / "examples" / "fgsm.npz").write_bytes(b"images")
    (output / "results.json").write_text(json.dumps(results))
    (output / "index.html").write_text(page)
    with zipfile.ZipFile(output / "net.keras", "w") as archive:
        archive.writestr("metadata.json", date)
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", hdf5(weights))
    return output


def changed(*keys, value):
    results = json.loads(json.dumps(RESULTS))
    inner = results
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return {"results": results}


@pytest.mark.parametrize(
    "changes, file",
    [
        (changed("rows", 0, "latency", "median", value=0.3), None),
        (changed("card", "sha256", value="of another date"), None),
        ({"date": "tomorrow", "page": "0.2 of 3"}, None),
        (changed("rows", 0, "latency", "n", value=15), "results.json"),
        (changed("rows", 0, "sha256", value="b"), "results.json"),
        (changed("card", "seed", value=2), "results.json"),
        (changed("part", "value", "p90", value=0.3), None),
        (changed("part", "sha256", value="of another"), None),
        (changed("other", "sha256", value="of another"), "results.json"),
        ({"weights": "v"}, "net.keras"),
        ({"page": "0.1 of 4"}, "index.html"),
    ],
)
def test_what_differs_but_for_the_time(tmp_path, changes, file):
    write(tmp_path / "whole")
    write(tmp_path / "other", **changes)
    expected = [] if file is None else [f"{file} differs"]
    found = running.differences(tmp_path / "whole", tmp_path / "other")
    assert found == expected


def test_what_is_missing_or_left(tmp_path):
    write(tmp_path / "whole")
    output = write(tmp_path / "other")
    (output / ".results.json.x.aside").mkdir()
    (output / "index.html").unlink()
    (output / "examples" / "fgsm.npz").write_bytes(b"ima")
    assert running.differences(tmp_path / "whole", tmp_path / "other") == [
        "index.html is missing",
        ".results.json.x.aside is left",
        "examples/fgsm.npz differs",
    ]


@pytest.mark.parametrize("lives", [False, True])
def test_what_lives_on(lives, monkeypatch):
    monkeypatch.setattr(running, "_ORPHANED", 1)
    seconds = 60 if lives else 0
    script = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c',"
        f"'import time; time.sleep({seconds})']); print(1, flush=True); "
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    process.stdout.readline()
    left = running.kill(process)
    process.stdout.close()
    assert len(left) == lives
    assert all(f"time.sleep({seconds})" in command for command in left)
