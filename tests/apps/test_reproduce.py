"""reproduce: a list, studies at small scale, and wrong input."""

import json

import pytest


def test_list(run_app):
    listed = run_app("reproduce", "--list")
    assert listed.code == 0
    for name in ("table1", "table2", "table4", "table5", "units", "layerwise"):
        assert f"szegedy.{name}" in listed.out


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--study=szegedy.table9", "`study` must name studies"),
        ("--study=", "`study` must name"),
        ("--scale=huge", "`scale` must be one of: paper, small"),
    ],
)
def test_wrong_input(refusal, tmp_path, flag, says):
    out = tmp_path / "out"
    said = refusal("reproduce", flag, f"--output={out}")
    assert says in said
    assert not out.exists()


@pytest.mark.slow
def test_small_studies_without_a_data_set(start_app, monkeypatch, tmp_path):
    """Trains, attacks, draws, and a second time only reads."""
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    flags = (
        "--study=szegedy.table4,szegedy.units",
        "--scale=small",
        f"--output={tmp_path}",
    )
    done = start_app("reproduce", *flags)
    assert done.code == 0, done.err
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
    whole = (tmp_path / "index.html").read_text()
    assert whole.count('src="data:image/png;base64,') >= 2
    assert "published figures" in whole and results["title"] in whole
    first = results["details"]["matrix"]
    assert start_app("reproduce", *flags).code == 0
    again = json.loads(
        (tmp_path / "szegedy.table4" / "results.json").read_text()
    )
    assert again["details"]["matrix"] == first


@pytest.mark.slow
def test_other_settings_are_not_mixed(run_app, tmp_path):
    flags = ("--study=szegedy.units", "--scale=small", f"--output={tmp_path}")
    assert run_app("reproduce", *flags).code == 0
    done = run_app("reproduce", *flags, "--seed=1")
    assert done.code == 2
    assert "seed: 0 there, 1 here" in done.err


@pytest.mark.slow
@pytest.mark.tfds
@pytest.mark.parametrize("name", ["alexnet", "quocnet"])
def test_photographs_at_small_scale(run_app, name, tmp_path, tfds_dir):
    """Every image is fooled, by a change that is hardly seen."""
    done = run_app(
        "reproduce",
        f"--study=szegedy.{name}",
        "--scale=small",
        f"--output={tmp_path}",
        f"--data_dir={tfds_dir}",
    )
    assert done.code == 0, done.err
    folder = tmp_path / f"szegedy.{name}"
    (table,) = json.loads((folder / "results.json").read_text())["tables"]
    (row,) = table["rows"]
    _, success, distortion, *_ = (cell["measured"] for cell in row["cells"])
    assert success["value"] == 1
    assert 0 < distortion["value"] < 0.02
    assert (folder / "gallery.png").stat().st_size > 5000
