"""A bundle with a page: what lies in it, and that it is a bundle still."""

import shutil
import subprocess
import sys

import pytest

from advkeras.edge import page
from advkeras.edge.runtimes import device
from advkeras.edge.runtimes import known
from tests.edge import bundles


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, variants, litertjs):
    """A bundle with a page; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "bundle"
    files = {"float32": variants["float32"]}
    return bundles.make(folder, classifiers["deep"], files, page=True)


def test_all_of_it_is_in_the_manifest(made):
    manifest = device.read_manifest(made)
    there = {
        path.relative_to(made).as_posix()
        for path in made.rglob("*")
        if path.is_file()
    }
    assert {*manifest["files"], "manifest.json"} == there
    assert {name for name in there if page.is_of_it(name)} >= {
        "index.html",
        "page/page.mjs",
        "page/litertjs.mjs",
        "litertjs/dist/index.js",
        "litertjs/wasm/litert_wasm_internal.wasm",
        "litertjs/wasm/litert_wasm_compat_internal.wasm",
    }
    readme = (made / "README.txt").read_text()
    assert "python3 -m http.server" in readme and "{" not in readme


def test_its_scripts_import_nothing_from_elsewhere(made):
    for script in [*made.rglob("*.mjs"), made / "litertjs/dist/index.js"]:
        for line in script.read_text().splitlines():
            if line.startswith("import ") and " from " in line:
                assert line.split(" from ")[1][1:3] in ("./", "..")


def test_a_device_without_a_browser_runs_it_too(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "bundle")
    done = subprocess.run(
        [sys.executable, folder / "run_on_device.py"], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    device.read_results(folder / "device_results.json")


def test_one_bundle_takes_the_place_of_the_other(
    made, tmp_path, classifiers, variants
):
    files = {"float32": variants["float32"]}
    folder = shutil.copytree(made, tmp_path / "bundle")
    bundles.make(folder, classifiers["deep"], files)
    assert not (folder / "index.html").exists()
    bundles.make(folder, classifiers["deep"], files, page=True)
    assert device.read_manifest(folder) == device.read_manifest(made)


def test_without_litertjs_nothing_is_begun(
    monkeypatch, tmp_path, classifiers, variants
):
    monkeypatch.setattr(known, "LITERTJS_PACKAGE", tmp_path / "not-there")
    with pytest.raises(ValueError, match=r"runtimes\.litertjs fetches .*not-t"):
        bundles.make(
            tmp_path / "bundle", classifiers["deep"], variants, page=True
        )
    assert not (tmp_path / "bundle").exists()
