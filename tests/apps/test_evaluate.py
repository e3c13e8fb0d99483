"""apps.evaluate: one model, one's own pictures, one page."""

import html
import importlib
import json
import re

import keras
import numpy as np
import pytest
from PIL import Image

import advkeras as ak
from advkeras.evaluation import Robustness


@pytest.fixture(scope="session")
def folder(tmp_path_factory, test_digits):
    """A hundred digits as somebody's own PNG files, a folder a class."""
    folder = tmp_path_factory.mktemp("pictures")
    images, labels = test_digits.sample(100, seed=2)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(exist_ok=True)
        pixels = np.rint(255 * image[..., 0]).astype(np.uint8)
        Image.fromarray(pixels).save(folder / str(label) / f"{i}.png")
    return folder


@pytest.fixture
def arguments(model_files, folder, tmp_path):
    return [
        f"--model={model_files['deep']}",
        f"--dataset={folder}",
        "--split=all",
        "--calibration_split=all",
        "--attack=fgsm,pgd",
        "--epsilon=0.02,0.1,0.3",
        "--examples=24",
        "--variants=int8",
        "--runtimes=litert",
        f"--output={tmp_path / 'run'}",
    ]


def test_from_a_folder_to_a_page(run_app, arguments, tmp_path):
    ended = run_app("evaluate", *arguments)
    assert (ended.code or 0) == 0
    run = tmp_path / "run"
    results = json.loads((run / "results.json").read_text())
    found = Robustness.from_json(results["robustness"])
    assert found.clean.n == 24 and found.shares == (0.02, 0.1, 0.3)
    assert found.together[-1].count < found.clean.count
    name = results["source"]
    assert list(results["checks"]) == [name, f"{name}-int8"]
    edge = results["edge"]
    assert edge["share"] in found.shares
    assert {row["variant"] for row in edge["white_box"]["rows"]} == {"int8"}
    survival = ak.edge.Survival.from_json(edge["survival"])
    assert [row.variant for row in survival.rows] == ["source", "int8"]
    # What is printed is on the page, and the images are in it.
    page = (run / "index.html").read_text("utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "", page))
    words = " ".join(ended.out.split())
    assert results["in_words"]
    for sentence in results["in_words"]:
        assert sentence in words
        assert sentence.split(":")[0] in shown
    for name in results["pictured"]:
        assert f'"name": "{name}"' in page

    written = (run / "results.json").read_bytes()
    again = run_app("evaluate", *arguments)
    assert (again.code or 0) == 0 and again.out == ended.out
    assert (run / "results.json").read_bytes() == written


def test_a_file_may_be_all_there_is(run_app, arguments, tmp_path, model_files):
    images = ak.datasets.load("mnist5k", "train").sample(50)[0]
    file = ak.edge.export(
        ak.load(model_files["deep"]), tmp_path, "int8", calibration=images
    )["int8"]
    ended = run_app("evaluate", *arguments, f"--model={file}")
    assert (ended.code or 0) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert list(results["checks"]) == ["int8"]
    survival = ak.edge.Survival.from_json(results["edge"]["survival"])
    ran = [(row.variant, row.runtime) for row in survival.rows]
    assert ran == [("source", "litert"), ("int8", "litert")]
    assert "white_box" not in results["edge"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=nosuch", "model='nosuch'"),
        ("--attack=lbfgs", "`attack` must name one that has an epsilon"),
        ("--attack=evasive", "`attack` must be one of: apgd, "),
        ("--epsilon=8", "`epsilon` must be a share"),
        ("--epsilon=0.1,0.10001", "`epsilon` must be sizes that differ"),
        ("--runtimes=nosuch", "`runtimes` must be one of"),
        ("--variants=int4", "`variants` must"),
        ("--overshoots=0", "`overshoots` must"),
        ("--dataset=nosuch/folder", "nosuch/folder"),
        ("--bounds=1,0", "`bounds` must"),
        ("--max_model_gb=0", "`max_model_gb` must be"),
    ],
)
def test_bad_input(refusal, arguments, tmp_path, flag, said):
    assert said in refusal("evaluate", *arguments, flag)
    assert not (tmp_path / "run").exists()


def test_a_model_that_cannot_read_the_pictures_ends_it(
    run_app, arguments, tmp_path
):
    """0 .. 0.01 shown to a net of 0 .. 1: chance, and no attack."""
    ended = run_app("evaluate", *arguments, "--bounds=0,0.01")
    assert ended.code == 2 and "better than chance" in ended.err
    assert not (tmp_path / "run").exists()


@pytest.fixture
def rounded(tmp_path, model_files, monkeypatch):
    """A model file with a layer that a module beside it defines."""
    (tmp_path / "own_rounding.py").write_text(
        "import keras\n"
        "class Rounding(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return keras.ops.round(4 * x) / 4\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("own_rounding")
    inner = keras.saving.load_model(model_files["deep"])
    inputs = keras.Input((28, 28, 1))
    outputs = inner(own.Rounding()(inputs))
    keras.Model(inputs, outputs).save(tmp_path / "rounded.keras")
    return [
        f"--model={tmp_path / 'rounded.keras'}",
        "--import=own_rounding",
        "--bounds=0,1",
    ]


def test_without_a_gradient_queries_do(
    run_app, refusal, arguments, tmp_path, rounded
):
    said = refusal("evaluate", *arguments, *rounded)
    assert "`model` must have a gradient" in said
    assert "--attack=square" in said
    assert not (tmp_path / "run").exists()
    ended = run_app("evaluate", *arguments, *rounded, "--attack=square")
    assert (ended.code or 0) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    found = Robustness.from_json(results["robustness"])
    assert found.together[-1].count < found.clean.count
    # And the page says first that gradients would have said nothing.
    assert "do not trust these figures" in ended.out
    page = (tmp_path / "run" / "index.html").read_text("utf-8")
    assert page.index('class="checks fail"') < page.index("rightly as they are")


@pytest.mark.slow
@pytest.mark.tfds
def test_a_convolutional_net(start_app, tmp_path, tfds_dir):
    """Of 32 x 32 x 3: what the app does by itself, of few images and a copy."""
    ended = start_app(
        "evaluate",
        "--model=conv-cifar10",
        "--dataset=cifar10",
        "--examples=12",
        "--epsilon=2/255,8/255",
        "--variants=int8",
        f"--output={tmp_path}",
    )
    assert ended.code == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert all(one["hold"] for one in results["checks"].values())
    assert len(results["edge"]["white_box"]["rows"]) == 3
