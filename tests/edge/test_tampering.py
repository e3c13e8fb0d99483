"""A bundle that something was done to runs nothing, and says what it was."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advkeras.edge.runtimes import device
from tests.edge import bundles

# Writes a file beside itself if it is imported.
MARKER = """
from pathlib import Path
Path(__file__).with_name("imported.txt").write_text(__name__)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, variants):
    """A bundle; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "bundle"
    chosen = {"int8": variants["int8"]}
    return bundles.make(folder, classifiers["deep"], chosen, overshoots=(1.0,))


@pytest.fixture
def folder(made, tmp_path):
    """A copy of the bundle, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "copy" / "bundle"))


def run(folder, path=""):
    """Runs the script as its README says, in its folder."""
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "run_on_device.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
    )


def refused(folder, name, path=""):
    ended = run(folder, path)
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("run_on_device.py: ") and name in line
    assert not list(folder.rglob("imported.txt"))
    assert not (folder / "device_results.json").exists()
    with pytest.raises(ValueError, match="`folder` must be a bundle") as caught:
        device.read_manifest(folder)
    assert name in str(caught.value)


def test_as_it_was_made_it_runs(folder):
    ended = run(folder, path=str(folder))
    assert ended.returncode == 0, ended.stderr
    assert device.read_results(folder / "device_results.json")
    ended = run(folder)  # its own results are no stranger
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    "name",
    ["README.txt", "images/clean-uint8.npy", "int8.tflite", "manifest.json"],
)
def test_one_byte_of_a_file(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    refused(folder, name)


def test_one_byte_of_the_script(folder):
    script = folder / "run_on_device.py"
    text = script.read_text()
    script.write_text(text.replace("Runs the models", "runs the models", 1))
    refused(folder, "run_on_device.py differs in SHA-256")


@pytest.mark.parametrize("key", ["bounds", "sets", "expected", "sha256"])
def test_a_value_of_the_manifest(folder, key):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    if key == "sha256":
        manifest[key] = manifest[key][::-1]
    elif key == "bounds":
        manifest[key] = [0.0, 2.0]
    elif key == "sets":
        manifest[key][0]["labels"][0] ^= 1
    else:
        manifest[key]["litert"] = {}
    path.write_text(json.dumps(manifest, indent=2))
    refused(folder, "manifest.json is not that of a bundle (it differs")


def test_a_manifest_without_the_script(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["files"]["run_on_device.py"]
    path.write_text(json.dumps(bundles.signed(manifest)))
    refused(folder, "no SHA-256 of run_on_device.py")


@pytest.mark.parametrize(
    "name", ["__future__", "argparse", "json", "numpy", "os", "typing"]
)
def test_a_module_beside_the_script_is_not_imported(folder, name):
    (folder / f"{name}.py").write_text(MARKER)
    refused(folder, f"{name}.py is none of the bundle")


def test_nor_where_pythonpath_has_the_folder(folder):
    (folder / "numpy.py").write_text(MARKER)
    refused(folder, "numpy.py is none of the bundle", str(folder))


def test_a_package_beside_the_script_is_not_imported(folder):
    (folder / "numpy").mkdir()
    (folder / "numpy" / "__init__.py").write_text(MARKER)
    refused(folder, "numpy/__init__.py is none of the bundle")


@pytest.mark.parametrize("what", ["a latency", "an output", "the manifest"])
def test_results_that_were_changed(made, tmp_path, what):
    answers = bundles.answers(device.read_manifest(made))
    path = bundles.write(tmp_path / "pi.json", answers)
    assert device.read_results(path)
    if what == "a latency":
        answers["models"]["int8"]["latencies"][0] = 0.5
    elif what == "an output":
        outputs = answers["models"]["int8"]["outputs"]
        outputs["clean uint8"] = outputs["fgsm x1.00 uint8"]
    else:
        answers["manifest"]["seed"] = 1
    path.write_text(json.dumps(answers))
    with pytest.raises(ValueError, match="the SHA-256 of device_results"):
        device.read_results(path)
