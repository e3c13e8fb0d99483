"""The script that goes to a device: alone there, and careful."""

import ast
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import typing
import zipfile
from pathlib import Path

import numpy as np
import pytest

from advkeras import tables
from advkeras.edge.runtimes import device
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from tests.edge import bundles

SCRIPT = Path(run_on_device.__file__)


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, variants):
    """A bundle; not to be changed."""
    chosen = {name: variants[name] for name in ("float32", "int8")}
    folder = tmp_path_factory.mktemp("made") / "bundle"
    return bundles.make(folder, classifiers["deep"], chosen)


@pytest.fixture
def bundle_manifest(made):
    return device.read_manifest(made)


@pytest.fixture
def bundle_folder(made, tmp_path):
    """A copy of the bundle, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "copy" / "bundle"))


def run(folder, *arguments, python=sys.executable):
    return subprocess.run(
        [python, "-I", folder / "run_on_device.py", *arguments],
        capture_output=True,
        text=True,
    )


def refused(folder):
    """Runs a bundle that is not whole; returns the line that it says."""
    before = sorted(folder.rglob("*"))
    ended = run(folder)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sorted(folder.rglob("*")) == before  # nothing written
    (line,) = ended.stderr.splitlines()
    assert line.startswith("run_on_device.py: ")
    return line


def change(folder, edit):
    """Edits the manifest of a bundle."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(bundles.signed(manifest)))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def hashed(folder, name):
    """Takes the SHA-256 of a file that a test put there."""
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change(folder, lambda manifest: manifest["files"].update({name: digest}))


def test_it_is_python_3_8():
    text = SCRIPT.read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    # Python 3.8 does not know list[int] nor int | None, and so must not
    # evaluate them; and __future__, which would spare it that, is a file.
    assert "__future__ import" not in text
    found = [x for x in ast.walk(tree) if hasattr(x, "annotation")]
    found = [x.annotation for x in found] + [
        x.returns for x in ast.walk(tree) if isinstance(x, ast.FunctionDef)
    ]
    assert len(found) > 50
    for annotation in filter(None, found):
        for part in ast.walk(annotation):
            assert not isinstance(part, ast.BinOp), ast.unparse(annotation)
            if isinstance(part, ast.Subscript):
                assert part.value.id in typing.__all__


def test_it_needs_nothing_of_advkeras():
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy"}


def test_integers_without_a_scale_are_rounded_and_clipped():
    pixels = np.array([0.9, 1.0, 126.5, 127.5, 254.9, 260, -3], np.float32)
    tensor = {"shape": [1], "dtype": "uint8", "scale": None, "zero_point": None}
    quantized = run_on_device.quantize(pixels, tensor)
    assert quantized.dtype == np.uint8
    assert quantized.tolist() == [1, 1, 126, 128, 255, 255, 0]


def test_it_says_and_writes_what_the_models_do(bundle_folder, bundle_manifest):
    ended = run(bundle_folder)
    assert ended.returncode == 0
    found = device.read_results(bundle_folder / "device_results.json")
    assert found["manifest"] == bundle_manifest
    assert found["format"] == 1 and found["threads"] == 1
    assert found["runtime"].startswith("ai_edge_litert ")
    assert found["device"]["numpy"] == np.__version__
    assert set(found["models"]) == {"float32", "int8"}
    for variant, model in found["models"].items():
        assert (
            model["outputs"] == bundle_manifest["expected"]["litert"][variant]
        )
        assert len(model["latencies"]) == 100  # of 120
        assert f"{variant}: " in ended.stdout
    n = 3 * 40
    assert (
        ended.stdout.count(f"bit-equal to litert on the host: {n} of {n}") == 2
    )
    assert max(map(len, ended.stdout.splitlines()[:-1])) <= 80
    # The lines of a set show what the host judges of the same outputs.
    one = bundle_manifest["sets"][1]
    outputs = device.decode(found["models"]["int8"]["outputs"][one["name"]])
    wrong = outputs.argmax(axis=1) != np.array(one["labels"])
    fooled = np.array(one["fooled"], bool)
    (line,) = [
        line
        for line in ended.stdout.split("int8: ")[1].splitlines()
        if line.startswith(one["name"])
    ]
    assert tables.cell(Rate.of(~wrong).to_json()) in line
    survival = tables.cell(Rate.of(wrong[fooled]).to_json())
    assert f"{survival} of {fooled.sum()}" in line


def test_output_and_threads(bundle_folder, tmp_path):
    path = tmp_path / "pi.json"
    ended = run(bundle_folder, "--output", path, "--threads", "2")
    assert ended.returncode == 0
    assert device.read_results(path)["threads"] == 2
    assert not (bundle_folder / "device_results.json").exists()
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threads", "0"], "--threads must be 1 or more"),
        (["--output", "/nosuch/folder/a.json"], "--output cannot be written"),
    ],
)
def test_wrong_flags(bundle_folder, arguments, said):
    ended = run(bundle_folder, *arguments)
    assert ended.returncode == 2 and said in ended.stderr


@pytest.mark.parametrize(
    "name",
    ["int8.tflite", "images/clean-uint8.npy", "README.txt", "run_on_device.py"],
)
def test_one_flipped_bit(bundle_folder, name):
    if name == "run_on_device.py":
        with open(bundle_folder / name, "a") as script:
            script.write("# changed\n")
    else:
        flip(bundle_folder / name)
    assert f" {name} differs in SHA-256" in refused(bundle_folder)


@pytest.mark.parametrize("name", ["int8.tflite", "images/clean-uint8.npy"])
def test_a_missing_file(bundle_folder, name):
    (bundle_folder / name).unlink()
    assert f" {name} is missing" in refused(bundle_folder)


def test_a_missing_manifest(bundle_folder):
    (bundle_folder / "manifest.json").unlink()
    assert "manifest.json is not that of a bundle" in refused(bundle_folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.pop("files"),
        lambda m: m.update(format=2),
        lambda m: m.update(files=[1]),
        lambda m: m.update(sets={"a": 1}),
        lambda m: m.update(models=[]),
        lambda m: m["files"].pop("int8.tflite"),
        lambda m: m["sets"][0].pop("labels"),
        lambda m: m["sets"][0].update(labels=[]),
        lambda m: m["expected"]["litert"]["int8"].update(more={"base64": "!"}),
    ],
)
def test_a_manifest_of_something_else(bundle_folder, edit):
    change(bundle_folder, edit)
    assert "manifest.json is not that of a bundle" in refused(bundle_folder)


def test_garbage_after_the_manifest(bundle_folder):
    with open(bundle_folder / "manifest.json", "a") as manifest:
        manifest.write("garbage")
    assert "manifest.json is not that of a bundle" in refused(bundle_folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname"])
def test_a_manifest_that_points_elsewhere(bundle_folder, name):
    change(bundle_folder, lambda m: m["files"].update({name: "0"}))
    assert f"{name} lies outside of the bundle" in refused(bundle_folder)


def test_a_file_too_many_in_the_manifest(bundle_folder):
    change(bundle_folder, lambda m: m["files"].update({"more.bin": "0"}))
    assert "more.bin is missing" in refused(bundle_folder)


def test_a_pickle_is_not_opened(bundle_folder):
    """Whoever can write the manifest as well still runs no code."""
    name = "images/clean-uint8.npy"
    np.save(bundle_folder / name, np.array([print], object), allow_pickle=True)
    hashed(bundle_folder, name)
    ended = run(bundle_folder)
    assert ended.returncode == 1
    assert ended.stdout.count("cannot run here (ValueError: ") == 2
    assert ended.stderr.endswith("no model can run here\n")


def test_one_model_that_cannot_run_is_one_line(bundle_folder, broken_file):
    (bundle_folder / "int8.tflite").write_bytes(broken_file.read_bytes())
    hashed(bundle_folder, "int8.tflite")
    ended = run(bundle_folder)
    assert ended.returncode == 0
    (line,) = [x for x in ended.stdout.splitlines() if x.startswith("int8")]
    assert line.startswith("int8: cannot run here (")
    assert "float32: " in ended.stdout
    models = device.read_results(bundle_folder / "device_results.json")[
        "models"
    ]
    assert list(models["int8"]) == ["error"] and "outputs" in models["float32"]


def test_a_crash_is_one_line_too(bundle_folder):
    """As of an interpreter that meets what it does not know."""
    script = bundle_folder / "run_on_device.py"
    text = script.read_text().replace(
        "    model = Model(",
        '    if variant == "float32":\n        os.kill(os.getpid(), 11)\n'
        "    model = Model(",
    )
    script.write_text(text)
    hashed(bundle_folder, "run_on_device.py")
    ended = run(bundle_folder)
    assert ended.returncode == 0
    assert "float32: cannot run here (the interpreter crashed)" in ended.stdout
    assert "int8: cannot" not in ended.stdout


# Near nothing and near all the host has a decimal, a device no room for it.
@pytest.mark.parametrize(
    ("count", "n"), [(0, 10), (3, 12), (10, 10), (300, 997)]
)
def test_the_interval_is_the_host_s(count, n):
    mask = np.arange(n) < count
    assert run_on_device.percent(mask) == tables.cell(Rate(count, n).to_json())


def test_no_images_no_share():
    assert run_on_device.percent(np.zeros(0, bool)) == "-"


def test_arrays_as_json():
    array = np.arange(-6, 6, dtype=np.int16).reshape(4, 3)
    values = json.loads(json.dumps(run_on_device.encode(array)))
    assert values["dtype"] == "int16" and values["shape"] == [4, 3]
    assert base64.b64decode(values["base64"]) == array.tobytes()
    assert (run_on_device.decode(values) == array).all()


def test_equal_rows_are_equal_in_every_bit():
    a = np.array([[0.0, 1.0], [np.nan, 2.0], [0.0, 3.0]], np.float32)
    b = a.copy()
    b[2, 0] = -0.0
    assert run_on_device.equal_rows(a, b).tolist() == [True, True, False]
    assert not run_on_device.equal_rows(a, b.astype(float)).any()


@pytest.mark.slow
def test_in_an_environment_with_nothing_else(made, bundle_manifest, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "venv", tmp_path / "venv"], check=True
    )
    python = tmp_path / "venv/bin/python"
    version = bundle_manifest["versions"]["litert"].split()[-1]
    subprocess.run(
        [
            *(python, "-m", "pip", "install", "--quiet"),
            *("numpy", f"ai-edge-litert=={version}"),
        ],
        check=True,
    )
    for package in ("advkeras", "tensorflow", "keras"):
        ended = subprocess.run(
            [python, "-I", "-c", f"import {package}"], capture_output=True
        )
        assert b"ModuleNotFoundError" in ended.stderr
    with zipfile.ZipFile(f"{made}.zip") as archive:
        archive.extractall(tmp_path / "device")
    folder = tmp_path / "device" / "bundle"
    ended = run(folder, python=python)
    assert ended.returncode == 0, ended.stderr
    found = device.read_results(folder / "device_results.json")
    for variant, model in found["models"].items():
        assert (
            model["outputs"] == bundle_manifest["expected"]["litert"][variant]
        )
