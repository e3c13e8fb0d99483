"""results.json says when and where; older ones are read, others refused."""

import datetime
import json
import math

import jsonschema
import pytest

import advkeras as ak
from advkeras.report import saved
from tests import results_json


@pytest.fixture
def path(tmp_path, matrix):
    ak.report.Run(tmp_path, {"seed": 1}).finish(
        {"matrices": {"fake": matrix}, "figures": {"fake": []}},
        "python -m apps.fake",
    )
    return tmp_path / "results.json"


@pytest.fixture
def net():
    return ak.Classifier(ak.models.build("fc10", seed=0), (0, 1))


def changed(path, **values):
    """Writes other values into a results.json; None takes one out."""
    held = json.loads(path.read_text()) | values
    held = {key: value for key, value in held.items() if value is not None}
    path.write_text(json.dumps(held))
    return path


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(ak.report.schema())


def test_what_is_written_is_as_the_schema_says(path):
    results_json.check(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"date": "yesterday"},
        {"date": "2026-12-31"},
        {"command": None},
        {"platform": {"machine": "x86_64"}},
        {"versions": {"numpy": 2}},
        {"examples": {"fgsm-m1": {"n": "8"}}},
        {"matrices": {"fgsm": {"attack": "FGSM"}}},
        {"robustness": {}},
    ],
)
def test_the_schema_finds_what_is_wrong(path, wrong):
    results_json.check(path)
    with pytest.raises(jsonschema.ValidationError):
        results_json.check(changed(path, **wrong))


def test_a_figure_that_is_text_is_wrong(path, matrix):
    matrix["rows"][0]["error"]["A"]["value"] = "0.9"
    with pytest.raises(jsonschema.ValidationError, match=r"'0\.9' is not of"):
        results_json.check(changed(path, matrices={"fake": matrix}))


def test_it_says_when_and_where(path):
    held = json.loads(path.read_text())
    assert held["schema"] == saved.SCHEMA == 1
    then = datetime.datetime.fromisoformat(held["date"])
    passed = datetime.datetime.now(datetime.UTC) - then
    assert datetime.timedelta(0) <= passed < datetime.timedelta(minutes=5)
    assert held["platform"]["python"].count(".") == 2
    assert "CPU" in held["platform"]["devices"]


def test_the_same_results_keep_their_date(path, monkeypatch):
    before = changed(path, date="2020-01-01T00:00:00+00:00").read_bytes()
    held = ak.report.read(path)
    again = ak.report.save(path, {k: held[k] for k in list(held)[4:]})
    assert again["date"] == "2020-01-01T00:00:00+00:00"
    assert path.read_bytes() == before
    other = ak.report.save(path, {"command": "another", "matrices": {}})
    assert other["date"] > "2026"
    assert ak.report.read(path) == other


def test_a_results_json_that_is_broken_is_written_anew(path):
    path.write_text("{")
    written = ak.report.save(path, {"command": "c", "matrices": {}})
    assert ak.report.read(path) == written


def test_it_is_read_by_its_path_or_its_folder(path):
    held = ak.report.read(path)
    assert held == ak.report.read(path.parent) == json.loads(path.read_text())


def test_one_of_before_there_was_a_schema(path):
    """As advkeras 0.1 wrote it: none of what is known since."""
    changed(path, schema=None, date=None, platform=None, examples=None)
    held = ak.report.read(path)
    assert held["schema"] == 1
    assert held["date"] is held["platform"] is None
    assert held["matrices"]["fake"]["n"] == 12
    path.write_text(json.dumps(held))
    results_json.check(path)
    assert not ak.report.frame(held).empty


def test_one_of_a_device_report_of_then_had_no_versions(path):
    changed(path, schema=None, versions=None)
    assert ak.report.read(path)["versions"] == {}


def test_one_of_a_newer_version(path):
    changed(path, schema=7, versions={"advkeras": "9.1"})
    with pytest.raises(ValueError, match="of schema 1 or older") as caught:
        ak.report.read(path)
    assert "of schema 7, written by advkeras 9.1" in str(caught.value)
    assert f"Received: path={str(path)!r}" in str(caught.value)


@pytest.mark.parametrize("schema", ["1", True, -1, 1.5, [], {}])
def test_a_schema_that_is_no_version(path, schema):
    changed(path, schema=schema)
    with pytest.raises(ValueError, match=r"`path` must be a results\.json"):
        ak.report.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"matrices": {}}',
        # A model's card.
        '{"command": "python -m apps.train", "sha256": "0", "versions": {}}',
    ],
)
def test_what_is_no_results_json(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="`path` must be") as caught:
        ak.report.read(path)
    assert f"Received: path={str(path)!r}" in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="`path` must be"):
        ak.report.read(tmp_path / "none.json")
    with pytest.raises(ValueError, match="`path` must be"):
        ak.report.read(tmp_path)


def test_hyper_parameters_are_numbers():
    attack = ak.attacks.PGD(epsilon=0.25, steps=7, step_size=0.1)
    found = saved.parameters(attack)
    assert found["class"] == "PGD"
    assert (found["epsilon"], found["steps"]) == (0.25, 7)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("name", ak.attacks.names())
def test_every_attack_s_are_json(name, net):
    options = {"epsilon": 0.1, "reference": net}
    had = ak.attacks.hyper_parameters(name)
    given = {key: options[key] for key in options if key in had}
    found = saved.parameters(ak.attacks.build(name, **given))
    assert set(had) <= set(found)
    assert "0x" not in json.dumps(found, allow_nan=False)  # no address


def test_what_json_has_no_number_for():
    assert saved.parameters(math.inf) == "inf"
    assert saved.parameters((1, None, True)) == [1, None, True]
    assert saved.parameters(object()) == "object"


def test_a_run_says_what_its_examples_were_made_by(tmp_path, net):
    images = ak.datasets.load("mnist5k", "test").sample(3, 0)[0]
    run = ak.report.Run(tmp_path, {})
    attack = ak.attacks.FGSM(0.125)
    run.attack("fgsm-net", attack, net, images, None, seed=4)
    made = run.finish({}, "c")["examples"]["fgsm-net"]
    assert made["attack"]["class"] == "FGSM"
    assert made["attack"]["epsilon"] == 0.125
    assert (made["n"], made["seed"], made["targeted"]) == (3, 4, False)
    results_json.check(tmp_path / "results.json")
