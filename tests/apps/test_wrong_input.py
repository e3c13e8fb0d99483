"""What an app was given and cannot use: one line that names the right flag."""

import json
from pathlib import Path

import keras
import pytest
from keras import layers

import advkeras as ak

ROOT = Path(__file__).parents[2]


@pytest.fixture
def arguments(small_edge_eval):
    return small_edge_eval


@pytest.fixture(scope="module")
def whole(tmp_path_factory, classifiers):
    folder = tmp_path_factory.mktemp("whole")
    return ak.edge.export(classifiers["deep"], folder, "float32")["float32"]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("app", ["edge_eval", "evaluate", "edge_bundle"])
def test_a_copy_that_nothing_can_read(
    refusal, arguments, tmp_path, whole, app, share
):
    content = whole.read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(content[: int(share * len(content))])
    message = refusal(app, *arguments, f"--tflite={path}")
    assert "`tflite` must be " in message
    assert str(path) in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model", [True, False])
def test_a_copy_that_is_something_else(refusal, arguments, model):
    message = refusal(
        "edge_eval", *arguments[not model :], f"--tflite={ROOT / 'README.md'}"
    )
    assert "`tflite` must be .tflite files" in message
    assert "README.md" in message


def test_a_device_that_is_not_there(refusal, arguments, tmp_path):
    message = refusal("edge_eval", *arguments, "--runtimes=device:nosuch.json")
    assert "`runtimes` must name a file" in message
    assert "Received: runtimes='device:nosuch.json'" in message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_device_whose_results_are_damaged(refusal, arguments, tmp_path, text):
    path = tmp_path / "pi.json"
    path.write_text(text)
    message = refusal(
        "edge_eval", *arguments, f"--runtimes=litert,device:{path}"
    )
    assert "`results` must be a device_results.json" in message
    assert str(path) in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("app", ["edge_eval", "evaluate"])
def test_threads_without_end(refusal, arguments, tmp_path, app):
    message = refusal(app, *arguments, "--threads=100000")
    assert "`threads` must be at most 256" in message
    assert "Received: threads=100000" in message
    assert not (tmp_path / "run").exists()


def test_no_variant_can_be_had(refusal, run_app, arguments, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(2, 3, activation="elu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.save(tmp_path / "elu.keras")
    ended = run_app(
        "edge_eval",
        *arguments,
        f"--model={tmp_path / 'elu.keras'}",
        "--bounds=0,1",
        "--accept_accuracy",
        "--variants=int16x8",
    )
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert "`variants` must hold one that the model can be exp" in line
    assert "(int16x8: no int16 kernel for ELU)" in line


@pytest.mark.parametrize("asked", ["99999999", "50", None])
def test_more_examples_than_there_are(run_app, arguments, tmp_path, asked):
    flags = [flag for flag in arguments if "--examples" not in flag]
    if asked is not None:
        flags.append(f"--examples={asked}")
    ended = run_app("edge_eval", *flags, "--nowhite_box")
    assert (ended.code or 0) == 0
    said = [li for li in ended.err.splitlines() if li.startswith("warning: ")]
    expected = (
        "warning: examples: 99999999 asked for, all 50 of mnist5k, "
        "test[:50], are taken"
    )
    assert (expected in said) == (asked == "99999999")
    written = json.loads((tmp_path / "run" / "results.json").read_text())
    assert written["survival"]["attacks"]["fgsm"]["n"] == 50
