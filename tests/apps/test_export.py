"""apps.export: files of every variant, and what can go wrong."""

import json
import re

import keras
import pytest

import advkeras as ak
from advkeras import files
from advkeras.edge.variants import VARIANTS
from tests.edge import strangers


@pytest.fixture
def arguments(model_files, tmp_path):
    """A small trained net and 20 digits for calibration."""
    return [
        f"--model={model_files['linear']}",
        "--dataset=mnist5k",
        "--calibration_split=train[:100]",
        "--calibration=20",
        "--seed=5",
        f"--output={tmp_path / 'out'}",
    ]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def results(folder):
    return json.loads((folder / "results.json").read_text())


@pytest.mark.slow
def test_the_whole_way_in_a_process_of_its_own(
    start_app, arguments, output, model_files
):
    ended = start_app("export", *arguments, "--format=c", "--vectors=2")
    assert ended.code == 0
    assert ended.err == ""
    found = results(output)
    assert list(found["variants"]) == list(VARIANTS)
    assert found["skipped"] == {}
    sha256 = files.sha256(model_files["linear"])
    assert found["settings"]["model"] == sha256
    data = ak.datasets.load("mnist5k", "train[:100]")
    assert found["settings"]["data_fingerprint"] == data.fingerprint
    names = {"results.json", "settings.json", "tables"}
    for name, card in found["variants"].items():
        assert card == ak.models.read_card(output / f"{name}.tflite")
        assert card["provenance"] == {
            "model": str(model_files["linear"]),
            "model_sha256": sha256,
            "command": found["command"],
            "dataset": "mnist5k",
            "split": "train[:100]",
            "seed": 5,
            "class_names": list("0123456789"),
            "trained_on": {"dataset": "mnist5k", "split": "train[:400]"},
        }
        assert found["c_sources"][name] == [
            f"{name}.h",
            f"{name}.c",
            f"{name}_test_vectors.h",
            f"{name}_test_vectors.c",
        ]
        names |= {f"{name}.tflite", f"{name}.json", *found["c_sources"][name]}
        # The table shows the card.
        (row,) = re.findall(rf"^ *{name} +(\d+) +([\d.]+) .*$", ended.out, re.M)
        whole = found["variants"]["float32"]["bytes"]
        assert row == (str(card["bytes"]), f"{card['bytes'] / whole:.3f}")
    assert {path.name for path in output.iterdir()} == names
    assert "int8 0.003922 -128" in ended.out
    assert "1 FULLY_CONNECTED" in ended.out
    assert "skipped" not in ended.out
    # The images are those of the sample, the vectors the first of them.
    assert found["variants"]["int8"]["calibration"]["images"] == 20
    assert found["variants"]["float32"]["calibration"] is None
    vectors = (output / "int8_test_vectors.c").read_text()
    _, labels = data.sample(20, seed=5)
    assert f"{labels[0]}, {labels[1]},\n}};" in vectors


def test_called_again_it_writes_the_same(run_app, arguments, output):
    arguments.append("--variants=float32,int8")
    assert (run_app("export", *arguments).code or 0) == 0
    before = {
        path: path.read_bytes() for path in output.rglob("*") if path.is_file()
    }
    assert (run_app("export", *arguments).code or 0) == 0
    after = {
        path: path.read_bytes() for path in output.rglob("*") if path.is_file()
    }
    assert before == after
    assert not [path for path in before if path.suffix == ".c"]


def test_a_variant_that_a_model_cannot_have(run_app, tmp_path, output):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(2, 3, activation="elu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.save(tmp_path / "elu.keras")
    ended = run_app(
        "export",
        f"--model={tmp_path / 'elu.keras'}",
        "--variants=int8,int16x8",
        "--calibration=5",
        "--bounds=0,1",
        f"--output={output}",
    )
    assert (ended.code or 0) == 0
    lines = ended.out.splitlines()
    assert "int16x8: skipped: no int16 kernel for ELU" in lines
    assert "int8: still computed in float: ELU" in lines
    found = results(output)
    assert found["skipped"] == {"int16x8": "no int16 kernel for ELU"}
    assert list(found["variants"]) == ["int8"]
    assert not (output / "int16x8.tflite").exists()


def test_what_quantises(run_app, arguments, output):
    pytest.importorskip("litert_quantizer")
    arguments += ["--variants=float32,int8", "--batch=1", "--quantizer=litert"]
    ended = run_app("export", *arguments)
    assert (ended.code or 0) == 0
    cards = results(output)["variants"]
    assert "quantizer" not in cards["float32"]
    assert cards["int8"]["quantizer"] == "litert-quantizer"
    assert cards["int8"]["calibration"]["images"] == 20


def test_no_data_set_is_needed_for_floats(run_app, model_files, output):
    """Which the name of a set that does not exist shows."""
    ended = run_app(
        "export",
        f"--model={model_files['linear']}",
        "--variants=float32,dynamic",
        "--dataset=nosuch",
        f"--output={output}",
    )
    assert (ended.code or 0) == 0
    cards = results(output)["variants"]
    assert list(cards) == ["float32", "dynamic"]
    assert "dataset" not in cards["float32"]["provenance"]
    assert "data_fingerprint" not in results(output)["settings"]


def test_the_default_output_is_named_after_the_model(
    run_app, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run_app("export", "--model=m1", "--variants=float32")
    assert ak.models.read_card("output/m1/float32.tflite")


@pytest.mark.parametrize(
    ("flags", "rows"), [([], -1), (["--batch=3"], 3), (["--format=c"], 1)]
)
def test_the_batch_of_a_file(run_app, arguments, output, flags, rows):
    run_app("export", *arguments, "--variants=float32", *flags)
    card = ak.models.read_card(output / "float32.tflite")
    assert card["input"]["shape"][0] == rows


def test_the_default_is_every_variant(run_app):
    said = "".join(run_app("export", "--help").out.split())
    assert f"'{','.join(VARIANTS)}'" in said  # which a line cannot hold


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=nosuch", "conv-mnist"),
        ("--variants=int4", "int8-float-io"),
        ("--variants=", "`variants` must name some of"),
        ("--dataset=nosuch", "'mnist5k' or the TFDS name"),
        ("--calibration_split=nosuch", "`split` must be of train, test"),
        ("--bounds=1,0", "lower < upper"),
        ("--model=conv-cifar10", "(32, 32, 3)"),
    ],
)
def test_bad_input(refusal, arguments, output, flag, said):
    assert said in refusal("export", *arguments, flag)
    assert not output.exists()


def test_an_output_that_is_a_file(refusal, arguments, output):
    output.write_text("mine")
    assert "`output` must be a place" in refusal("export", *arguments)
    assert output.read_text() == "mine"


def test_an_output_of_other_settings(run_app, refusal, arguments):
    run_app("export", *arguments, "--variants=float32")
    message = refusal("export", *arguments, "--variants=float32", "--seed=6")
    assert "seed: 5 there, 6 here" in message


@pytest.mark.slow
@pytest.mark.tfds
def test_a_tfds_set(run_app, output, tfds_dir):
    ended = run_app(
        "export",
        "--model=conv-cifar10",
        "--dataset=cifar10",
        f"--data_dir={tfds_dir}",
        "--calibration_split=train[:500]",
        "--calibration=20",
        "--variants=int8",
        f"--output={output}",
    )
    assert (ended.code or 0) == 0
    card = ak.models.read_card(output / "int8.tflite")
    assert card["input"]["shape"] == [-1, 32, 32, 3]
    assert card["provenance"]["dataset"] == "cifar10"


def test_a_model_without_channels(run_app, tmp_path, output):
    strangers.flat().save(tmp_path / "flat.keras")
    ended = run_app(
        "export",
        f"--model={tmp_path / 'flat.keras'}",
        "--variants=int8",
        "--calibration=5",
        "--bounds=0,1",
        f"--output={output}",
    )
    assert (ended.code or 0) == 0, ended
    assert results(output)["variants"]["int8"]["input"]["shape"][1] == 28
