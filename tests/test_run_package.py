"""What `make package-check` asks of the wheel and the sdist."""

import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests import run_package

TRACKED = [
    "advkeras/__init__.py",
    "advkeras/report/page.html",
    "apps/train.py",
    "saved_models/m1.keras",
    "tests/test_a.py",
    "tests/apps/test_b.py",
    "docs/apps.md",
    "Makefile",
    "pyproject.toml",
    ".ci/run",
    "BUILD",
]


def test_the_folders_beside_the_package_lie_in_it():
    assert run_package.in_wheel(TRACKED) == {
        "advkeras/__init__.py",
        "advkeras/report/page.html",
        "advkeras/apps/train.py",
        "advkeras/saved_models/m1.keras",
    }


def test_a_sdist_can_be_tested():
    assert run_package.in_sdist(TRACKED) == {*TRACKED} - {".ci/run", "BUILD"}


def test_what_is_missing_is_named():
    said = run_package.complaints("the wheel", {"a", "b"}, {"c", "b", "d"})
    assert said == ["the wheel lacks c", "the wheel lacks d"]
    assert run_package.complaints("the wheel", {"a", "b"}, {"b"}) == []


def test_every_folder_of_the_wheel_is_one_of_ours():
    tracked = run_package.tracked_files()
    placed = run_package.in_wheel(tracked)
    assert "advkeras/apps/train.py" in placed
    assert "advkeras/saved_models/m1.keras" in placed
    assert all(path.startswith("advkeras/") for path in placed)


def test_members_are_read_without_metadata_and_top_folder(tmp_path):
    wheel, sdist = tmp_path / "a.whl", tmp_path / "a.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("advkeras/a.py", "")
        archive.writestr("advkeras-0.1.0.dist-info/RECORD", "")
    (tmp_path / "a.py").write_text("")
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(tmp_path / "a.py", "advkeras-0.1.0/advkeras/a.py")
    assert run_package.members(wheel, sdist) == (
        {"advkeras/a.py"},
        {"advkeras/a.py"},
    )


def test_a_command_that_fails_is_told_with_what_it_said():
    code = "import sys; print('out'); sys.exit('reason')"
    with pytest.raises(RuntimeError, match=r"ended with 1:\nout\nreason"):
        run_package.run([sys.executable, "-c", code])


def test_a_stranger_has_no_path_into_the_repository(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(run_package.ROOT))
    code = "import os, sys; sys.exit('PYTHONPATH' in os.environ)"
    run_package.run([sys.executable, "-c", code])
    assert subprocess.run([sys.executable, "-c", code]).returncode == 1
