"""--output_name: a .tflite file of several outputs, in the apps."""

import json

import keras
import numpy as np
import pytest

from tests.edge import strangers


@pytest.fixture
def two(tmp_path):
    return strangers.of_several_outputs(tmp_path)


def test_the_apps_take_the_name(run_app, refusal, two, tmp_path):
    rng = np.random.default_rng(0)
    for label in range(3):
        folder = tmp_path / "pictures" / str(label)
        folder.mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (4, 4, 1), np.uint8)
            keras.utils.save_img(folder / f"{i}.png", pixels, scale=False)
    flags = (
        f"--model={two}",
        f"--dataset={tmp_path / 'pictures'}",
        "--bounds=0,1",
        "--runtimes=litert,tflm",
        "--attack=fgsm",
        "--examples=4",
        "--accept_accuracy",
        f"--output={tmp_path / 'out'}",
    )
    message = refusal("edge_eval", *flags)
    assert "'scores' of shape (-1, 3)" in message
    ended = run_app("edge_eval", *flags, "--output_name=scores")
    assert (ended.code or 0) == 0
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    rows = found["survival"]["rows"]
    assert {row["runtime"] for row in rows} >= {"litert", "tflm"}
    assert not found["survival"]["skipped"]
    lift = f"--tflite={two}", "--dataset=noise", f"--output={tmp_path / 'lift'}"
    ended = run_app(
        "lift", *lift, "--examples=20", "--output_name=other", "--runtime=tflm"
    )
    assert (ended.code or 0) == 0
    found = json.loads((tmp_path / "lift" / "results.json").read_text())
    (output,) = found["agreements"]["two"]["outputs"]
    assert output["shape"] == [-1, 5] and output["top_1"]["count"] == 20
    assert found["agreements"]["two"]["path"] == str(two)


def test_copies_of_a_keras_model_have_all_outputs(refusal, tmp_path):
    output = tmp_path / "out"
    message = refusal(
        "edge_eval", "--model=m1", "--output_name=logits", f"--output={output}"
    )
    assert "`output_name` must be left out" in message
    assert not output.exists()
