"""The apps on a .tflite file that cannot be lifted: queries do."""

import json

import pytest

import advkeras as ak
from tests.edge.lift.unlifted import UNKNOWN
from tests.edge.lift.unlifted import behind_unknown

SHOWN = (
    "--dataset=mnist5k",
    "--split=test[:200]",
    "--bounds=0,1",
    "--examples=8",
    "--attack=square:queries=40,hopskipjump:queries=80",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory, classifiers, digits):
    """The int8 file of the deep net behind an operator without a lift."""
    net = ak.Classifier(behind_unknown(classifiers["deep"].model))
    folder = tmp_path_factory.mktemp("asked")
    return ak.edge.export(net, folder, "int8", digits.images[:50])["int8"]


def results_of(run_app, tmp_path, name, *flags):
    output = tmp_path / name
    ended = run_app(name, *SHOWN, *flags, f"--output={output}")
    assert (ended.code or 0) == 0, ended.err
    assert UNKNOWN in ended.err and "Traceback" not in ended.err
    return json.loads((output / "results.json").read_text())


def test_edge_eval(run_app, tmp_path, file):
    found = results_of(run_app, tmp_path, "edge_eval", f"--tflite={file}")
    rows = [ak.edge.WhiteBox.from_json(r) for r in found["white_box"]["rows"]]
    assert len(rows) == 2
    for row in rows:  # scores and labels are those of one interpreter
        assert row.agreement.count == row.agreement.n == 8


@pytest.mark.slow
def test_evaluate(run_app, tmp_path, file):
    found = results_of(
        run_app, tmp_path, "evaluate", f"--model={file}", "--epsilon=0.2"
    )
    assert "hopskipjump" in str(found["in_words"])


@pytest.mark.slow
def test_transfer_eval_beside_a_net_with_gradients(
    run_app, tmp_path, file, model_files
):
    found = results_of(
        run_app,
        tmp_path,
        "transfer_eval",
        f"--models={model_files['deep']},{file}",
    )
    assert set(found["checks"]) == {"deep", "int8"}


def test_an_attack_that_climbs_is_refused(run_app, tmp_path, file):
    for name, flag in (("evaluate", "model"), ("transfer_eval", "models")):
        flags = (f"--{flag}={file}", f"--output={tmp_path / 'no'}")
        ended = run_app(name, *SHOWN, *flags, "--attack=square,pgd")
        warning, said = ended.err.splitlines()
        assert ended.code == 2 and UNKNOWN in warning
        assert "`model` must have a gradient" in said and UNKNOWN in said
        assert "pgd" in said and "--attack=hopskipjump" in said
    assert not (tmp_path / "no").exists()


def test_the_app_that_lifts_names_it(refusal, file):
    assert UNKNOWN in refusal("lift", f"--tflite={file}", "--dataset=noise")
