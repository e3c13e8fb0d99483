"""apps.edge_bundle: from a Keras file to a .zip that runs by itself."""

import json
import subprocess
import sys
import zipfile

import keras
import pytest

import advkeras as ak
from advkeras import files
from advkeras.edge import flatbuffer
from advkeras.edge.runtimes import device
from advkeras.edge.runtimes import known


@pytest.fixture
def arguments(model_files, tmp_path):
    """A bundle of 12 digits and two variants."""
    return [
        f"--model={model_files['deep']}",
        "--attack=fgsm",
        "--variants=float32,int8",
        "--runtimes=litert",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=12",
        "--overshoots=1,1.5",
        "--calibration=50",
        "--seed=5",
        f"--output={tmp_path / 'run'}",
    ]


@pytest.mark.parametrize("rows", [None, 3])
def test_files_are_for_what_a_device_is_given(
    run_app, arguments, tmp_path, rows
):
    """One image at a time; but for a model that takes just so many."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), batch_size=rows),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.save(tmp_path / "net.keras")
    more = f"--model={tmp_path / 'net.keras'}", "--variants=float32"
    more += "--bounds=0,1", "--accept_accuracy"
    ended = run_app("edge_bundle", *arguments, *more)
    assert ended.code == 0, ended.err
    path = tmp_path / "run" / "float32.tflite"
    assert flatbuffer.describe(path).input.shape[0] == (rows or 1)


@pytest.mark.slow
def test_the_whole_way(
    start_app, arguments, tmp_path, model_files, test_digits
):
    ended = start_app("edge_bundle", *arguments)
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    run, bundle = tmp_path / "run.run", tmp_path / "run"
    manifest = device.read_manifest(bundle)
    assert manifest["source"] == "deep" and manifest["dataset"] == "mnist5k"
    assert manifest["seed"] == 5
    assert manifest["attacks"] == {"fgsm": repr(ak.attacks.FGSM(epsilon=0.1))}
    assert manifest["command"].startswith("python -m apps.edge_bundle --model=")
    assert list(manifest["models"]) == ["float32", "int8"]
    assert [one["overshoot"] for one in manifest["sets"]] == [None, 1.0, 1.5]
    _, labels = test_digits.sample(12, seed=5)
    assert manifest["sets"][0]["labels"] == labels.tolist()

    results = json.loads((run / "results.json").read_text())
    assert results["zip_sha256"] == files.sha256(tmp_path / "run.zip")
    assert results["settings"]["model_sha256"] == files.sha256(
        model_files["deep"]
    )
    assert list(results["models"]["int8"]["results"]) == ["litert"]
    assert results["not_exported"] == {}
    for one in manifest["sets"]:
        assert one["name"] in ended.out

    # The .zip runs by itself, and what it writes is read here.
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(tmp_path / "device")
    script = tmp_path / "device" / "run" / "run_on_device.py"
    subprocess.run([sys.executable, "-I", script], check=True)
    found = device.read_results(script.with_name("device_results.json"))
    for variant, model in found["models"].items():
        assert model["outputs"] == manifest["expected"]["litert"][variant]


@pytest.mark.slow
def test_called_again_it_is_the_same(run_app, arguments, tmp_path, monkeypatch):
    first = run_app("edge_bundle", *arguments)
    assert (first.code or 0) == 0
    before = files.sha256(tmp_path / "run.zip")

    def generate(*_, **__):
        raise RuntimeError("attacked again")

    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    again = run_app("edge_bundle", *arguments)
    assert (again.code or 0) == 0
    assert again.out == first.out
    assert files.sha256(tmp_path / "run.zip") == before


@pytest.mark.slow
def test_copies_that_others_made(run_app, arguments, tmp_path):
    run_app("edge_bundle", *arguments)
    folder = tmp_path / "run.run" / "tflite"
    ended = run_app(
        "edge_bundle",
        *arguments,
        f"--tflite=theirs={folder / 'int8.tflite'},{folder / 'float32.tflite'}",
        f"--output={tmp_path / 'other'}",
    )
    assert (ended.code or 0) == 0
    bundle = tmp_path / "other"
    assert list(device.read_manifest(bundle)["models"]) == ["theirs", "float32"]
    theirs = (bundle / "theirs.tflite").read_bytes()
    assert theirs == (folder / "int8.tflite").read_bytes()
    assert not (tmp_path / "other.run" / "tflite").exists()


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=nosuch", "one of saved_models"),
        ("--attack=nosuch", "`attack` must be one of"),
        ("--attack=", "`attack` must name some of"),
        ("--variants=nosuch", "`variants` must"),
        ("--variants=", "`variants` must name some of"),
        ("--runtimes=nosuch", "`runtimes` must be one of"),
        ("--runtimes=device:a.json", "`runtimes` must be one of"),
        ("--overshoots=0", "`overshoots` must be a finite number above 0"),
        ("--overshoots=one", "`overshoots` must be numbers"),
        ("--camera=blur:1", "`camera` must hold steps"),
        ("--bounds=1,0", "`bounds` must be two finite numbers"),
        ("--tflite=nosuch.tflite", "`tflite` must be files"),
        ("--dataset=nosuch", "`dataset` must be 'mnist5k' or"),
    ],
)
def test_bad_input(refusal, arguments, tmp_path, flag, said):
    assert said in refusal("edge_bundle", *arguments, flag)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_other_settings_need_another_output(run_app, refusal, arguments):
    run_app("edge_bundle", *arguments)
    message = refusal("edge_bundle", *arguments, "--epsilon=0.3")
    assert "epsilon: ['0.1'] there, ['0.3'] here" in message


def test_a_page_that_cannot_be_had(refusal, arguments, monkeypatch, tmp_path):
    monkeypatch.setattr(known, "LITERTJS_PACKAGE", tmp_path / "not-there")
    said = refusal("edge_bundle", *arguments, "--page")
    assert "python -m advkeras.edge.runtimes.litertjs" in said
    assert not (tmp_path / "run").exists()
