"""apps.edge_emulate: a bundle on the emulated ARM."""

import json
import os
import shutil

import pytest

from advkeras.edge import emulation

SCRIPT = """
import argparse
import json
import platform

parser = argparse.ArgumentParser()
parser.add_argument("--output")
with open(parser.parse_args().output, "w") as file:
    json.dump({"machine": platform.machine()}, file)
"""


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "run_on_device.py").write_text(SCRIPT)
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture
def calls(monkeypatch):
    """Notes what the app asks for, and does nothing of it."""
    calls = {}

    def arm_root(**options):
        options.pop("say")("Fetching")
        calls["arm_root"] = options
        return "device"

    def run(*arguments, **options):
        calls["run"] = [*arguments, options]

    monkeypatch.setattr(emulation, "arm_root", arm_root)
    monkeypatch.setattr(emulation, "run", run)
    return calls


def test_the_results_lie_in_the_bundle(run_app, bundle, calls):
    ended = run_app("edge_emulate", f"--bundle={bundle}")
    assert (ended.code or 0, ended.out, ended.err) == (0, "Fetching\n", "")
    assert calls == {
        "arm_root": {"litert": emulation.LITERT},
        "run": [
            "device",
            bundle / "run_on_device.py",
            ["--output", bundle / "arm_results.json"],
            {"stream": True},
        ],
    }


def test_output_and_litert(run_app, bundle, calls):
    run_app(
        "edge_emulate", f"--bundle={bundle}", "--output=x.json", "--litert=1.2"
    )
    assert calls["arm_root"] == {"litert": "1.2"}
    assert calls["run"][2] == ["--output", "x.json"]


@pytest.mark.parametrize("missing", ["run_on_device.py", "manifest.json"])
def test_a_folder_that_is_no_bundle(refusal, bundle, missing):
    (bundle / missing).unlink()
    message = refusal("edge_emulate", f"--bundle={bundle}")
    assert "run_on_device.py and manifest.json" in message
    assert message.endswith(f"Received: bundle='{bundle}'")


def test_no_bundle(refusal):
    assert refusal("edge_emulate").endswith("Received: bundle=None")


def test_no_tools(refusal, bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    message = refusal("edge_emulate", f"--bundle={bundle}")
    assert message.endswith("Received: no apt-get")


@pytest.mark.slow
def test_a_bundle_runs(run_app, bundle, tmp_path, monkeypatch):
    missing = [t for t in ("apt-get", "dpkg") if shutil.which(t) is None]
    if missing:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"needs a Debian system: no {' and no '.join(missing)}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = sorted(bundle.iterdir())
    ended = run_app("edge_emulate", f"--bundle={bundle}")
    assert (ended.code or 0, ended.err) == (0, "")
    results = bundle / "arm_results.json"
    assert json.loads(results.read_text()) == {"machine": "aarch64"}
    assert sorted(bundle.iterdir()) == sorted([*before, results])
