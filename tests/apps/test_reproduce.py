"""reproduce: a list, studies at small scale, and wrong input."""

import json
import os
import subprocess
import sys

import pytest


def reproduce(*flags, data_dir=None):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TFDS_DATA_DIR", None)
    if data_dir is not None:
        environment["TFDS_DATA_DIR"] = str(data_dir)
    return subprocess.run(
        [sys.executable, "-m", "apps.reproduce", *flags],
        capture_output=True,
        text=True,
        env=environment,
    )


def test_list_and_wrong_input(tmp_path):
    listed = reproduce("--list")
    assert listed.returncode == 0
    for name in ("table1", "table2", "table4", "table5", "units", "layerwise"):
        assert f"szegedy.{name}" in listed.stdout
    out = tmp_path / "out"
    for flag, says in (
        ("--study=szegedy.table9", "`study` must name studies"),
        ("--scale=huge", "`scale` must be one of: paper, small"),
    ):
        done = reproduce(flag, f"--output={out}")
        assert done.returncode == 2
        assert done.stderr.startswith("reproduce: ")
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not out.exists()


@pytest.mark.slow
def test_small_studies_without_a_data_set(tmp_path):
    """Trains, attacks, draws, and a second time only reads."""
    flags = (
        "--study=szegedy.table4,szegedy.units",
        "--scale=small",
        f"--output={tmp_path}",
    )
    done = reproduce(*flags)
    assert done.returncode == 0, done.stderr
    results = json.loads(
        (tmp_path / "szegedy.table4" / "results.json").read_text()
    )
    (table,) = results["tables"]
    assert [row["name"] for row in table["rows"]][:2] == [
        "clean",
        "made for FC100-100-10",
    ]
    # Each net is fooled by what was made for it: the diagonal.
    for i in range(3):
        cell = table["rows"][1 + i]["cells"][1 + i]
        assert cell["measured"]["value"] >= 0.98
        assert cell["published"] == 100
    # Noise of that size fools none of them as often.
    noise = table["rows"][-2]["cells"][1:]
    assert max(cell["measured"]["value"] for cell in noise) < 0.5
    page = (tmp_path / "index.md").read_text()
    assert "## Table 4" in page
    assert "## Section 3" in page
    for picture in (
        "szegedy.table4/transfer",
        "szegedy.units/units-conv-mnist",
    ):
        assert f"({picture}.png)" in page
        assert (tmp_path / f"{picture}.png").stat().st_size > 5000
    first = results["details"]["matrix"]
    assert reproduce(*flags).returncode == 0
    again = json.loads(
        (tmp_path / "szegedy.table4" / "results.json").read_text()
    )
    assert again["details"]["matrix"] == first


@pytest.mark.slow
def test_other_settings_are_not_mixed(tmp_path):
    flags = ("--study=szegedy.units", "--scale=small", f"--output={tmp_path}")
    assert reproduce(*flags).returncode == 0
    done = reproduce(*flags, "--seed=1")
    assert done.returncode == 2
    assert "seed: 0 there, 1 here" in done.stderr


@pytest.mark.slow
@pytest.mark.tfds
@pytest.mark.parametrize("name", ["alexnet", "quocnet"])
def test_photographs_at_small_scale(name, tmp_path, tfds_dir):
    """Every image is fooled, by a change that is hardly seen."""
    done = reproduce(
        f"--study=szegedy.{name}",
        "--scale=small",
        f"--output={tmp_path}",
        data_dir=tfds_dir,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / f"szegedy.{name}"
    (table,) = json.loads((folder / "results.json").read_text())["tables"]
    (row,) = table["rows"]
    _, success, distortion, *_ = (cell["measured"] for cell in row["cells"])
    assert success["value"] == 1
    assert 0 < distortion["value"] < 0.02
    assert (folder / "gallery.png").stat().st_size > 5000
