"""Apps on a model that has other pixels in each channel."""

import json

import numpy as np
import pytest

import advkeras as ak
from tests import normalised


@pytest.fixture(scope="module")
def model(pair, tmp_path_factory):
    """The normalised net as a file without a card."""
    path = tmp_path_factory.mktemp("models") / "normalised.keras"
    pair.normalised.model.save(path)
    return path


@pytest.fixture(scope="module")
def dataset(digits, test_digits, tmp_path_factory):
    """The digits in colour as a file."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    np.savez(
        path,
        x_train=normalised.pixels(digits)[:100],
        y_train=digits.labels[:100],
        x_test=normalised.pixels(test_digits),
        y_test=test_digits.labels,
    )
    return path


@pytest.fixture
def arguments(dataset, tmp_path):
    """What all of these runs have."""
    return [
        normalised.FLAG,
        f"--dataset={dataset}",
        f"--output={tmp_path / 'run'}",
        "--seed=3",
    ]


def results(folder):
    return json.loads((folder / "run" / "results.json").read_text())


def ran(ended):
    assert (ended.code or 0) == 0, ended.err
    return ended.out


def test_edge_eval(run_app, arguments, model, tmp_path):
    out = ran(
        run_app(
            "edge_eval",
            *arguments,
            f"--model={model}",
            "--attack=pgd,lbfgs",
            "--epsilon=0.1",
            "--variants=float32,int8",
            "--runtimes=litert",
            "--examples=12",
            "--overshoots=1,1.2",
            "--calibration=50",
        )
    )
    first = out.splitlines()[0]
    assert "within (-2.1179, -2.03571, -1.80444) .. (2.24891, " in first
    assert "0.1 of the pixel range = (0.4367, 0.4464, 0.4444)" in out
    survival = ak.edge.Survival.from_json(results(tmp_path)["survival"])
    for row in survival.rows:
        assert row.find("pgd", "uint8", 1.2).survival.value > 0.5
    for name in ("pgd", "lbfgs"):
        file = tmp_path / "run" / "examples" / f"{name}-normalised"
        found = ak.attacks.AttackResult.load(file)
        np.testing.assert_allclose(found.bounds, normalised.BOUNDS)
        assert found.success.mean() > 0.8
        assert found.distortion.max() < 0.11


def test_transfer_eval(run_app, arguments, model, tmp_path):
    ran(
        run_app(
            "transfer_eval",
            *arguments,
            f"--models={model}",
            "--attack=fgsm,square",
            "--epsilon=0.1",
            "--examples=12",
        )
    )
    attack = results(tmp_path)["matrices"]["fgsm"]["attack"]
    assert attack.startswith("FGSM(epsilon=(0.436681")


def test_export_then_lift(run_app, arguments, model, tmp_path):
    ran(
        run_app(
            "export", *arguments, f"--model={model}", "--variants=float32,int8"
        )
    )
    file = tmp_path / "run" / "int8.tflite"
    card = ak.models.read_card(file)
    np.testing.assert_allclose(card["source"]["bounds"], normalised.BOUNDS)
    out = ran(
        run_app(
            "lift",
            *arguments[:2],
            f"--tflite={file}",
            "--examples=20",
            "--inspected=2",
            f"--output={tmp_path / 'lift'}",
        )
    )
    assert "CONV_2D" in out


def test_edge_bundle(run_app, arguments, model, tmp_path):
    ran(
        run_app(
            "edge_bundle",
            *arguments,
            f"--model={model}",
            "--attack=fgsm",
            "--variants=int8",
            "--runtimes=litert",
            "--examples=8",
        )
    )
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    np.testing.assert_allclose(manifest["bounds"], normalised.BOUNDS)


def test_benchmark(run_app, arguments, model):
    out = ran(
        run_app(
            "benchmark",
            *arguments,
            f"--model={model}",
            "--suite=fgsm",
            "--examples=8",
            "--repeats=1",
        )
    )
    assert "fgsm on normalised" in out


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--bounds=0,1,2", "`bounds` must be LOWER,UPPER; or all lower ones"),
        ("--bounds=0", "`bounds` must be LOWER,UPPER; or all lower ones"),
        ("--bounds=", "`bounds` must be LOWER,UPPER; or all lower ones"),
        ("--bounds=0,0,0,1,2,0", "`bounds` must be two finite numbers"),
        ("--bounds=0,0,0,1,2,nan", "`bounds` must be two finite numbers"),
        ("--bounds=0,0,0,1,2,white", "`bounds` must be numbers with commas"),
        ("--bounds=0,0,1,2", "`bounds` must be of 3 channels, as images"),
    ],
)
def test_no_bounds(refusal, arguments, model, flag, said):
    line = refusal("export", *arguments, f"--model={model}", flag)
    assert said in line
