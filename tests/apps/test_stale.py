"""What an app's results depend on changes between two runs into one folder.

The second run refuses, or has figures of what is there now; it never has the
old ones.
"""

import functools
import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import advkeras as ak
from tests.edge import bundles

REFUSED, FRESH = "refused", "fresh"
# App -> what its results depend on -> what becomes of a second run.
DEPENDS = {
    "transfer_eval": {
        "model": REFUSED,
        "other model": REFUSED,
        "picture": REFUSED,
        "label": REFUSED,
        "code": REFUSED,
    },
    "edge_eval": {
        "model": REFUSED,
        "tflite": REFUSED,
        "picture": REFUSED,
        "label": REFUSED,
        "device": REFUSED,
        "code": REFUSED,
    },
    "evaluate": {
        "model": REFUSED,
        "picture": REFUSED,
        "label": REFUSED,
        "device": REFUSED,
        "code": REFUSED,
        "calibration": REFUSED,
    },
    "edge_bundle": {
        "model": REFUSED,
        "tflite": REFUSED,
        "picture": REFUSED,
        "label": REFUSED,
    },
    "edge_report": {"device": FRESH},
    "export": {
        "model": REFUSED,
        "calibration": REFUSED,
    },
    "lift": {"tflite": REFUSED, "picture": REFUSED, "label": REFUSED},
    "train": {
        "calibration": REFUSED,
        "picture": REFUSED,
        "label": REFUSED,
        "trained": REFUSED,
    },
}
DATA = ["--dataset=data", "--split=test"]
FGSM = ["--attack=fgsm", "--epsilon=0.1", "--examples=8"]
CODE = ["--import=own_layers", "--bounds=0,1"]
FLAGS = {
    "transfer_eval": [*DATA, *FGSM, *CODE, "--models=net.keras,other.keras"],
    "edge_eval": [
        *(*DATA, *FGSM, *CODE),
        *("--model=net.keras", "--tflite=int8.tflite"),
        "--runtimes=litert,device:device.json",
    ],
    "evaluate": [
        *(*DATA, *FGSM, *CODE),
        *("--model=net.keras", "--variants=int8", "--calibration_split=train"),
        "--runtimes=litert,device:device.json",
    ],
    "edge_bundle": [
        *(*DATA, *FGSM),
        *("--model=net.keras", "--tflite=int8.tflite", "--runtimes=litert"),
        "--bounds=0,1",
    ],
    "edge_report": ["--results=device.json"],
    "export": [
        *("--model=net.keras", "--bounds=0,1", "--dataset=data"),
        "--variants=int8",
    ],
    "lift": [*DATA, "--tflite=int8.tflite", "--examples=8"],
    "train": [
        *("--model=fc10", "--epochs=2", "--dataset=data"),
        "--output=run.keras",
    ],
}


@pytest.fixture(scope="module")
def given(model_files, classifiers, digits, tmp_path_factory):
    """A folder with all that the apps are given, to be copied."""
    folder = tmp_path_factory.mktemp("given")
    shutil.copy(model_files["deep"], folder / "net.keras")
    shutil.copy(model_files["linear"], folder / "other.keras")
    for split in ("train", "test"):
        images, labels = digits.sample(60, seed=len(split))
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = folder / "data" / split / str(label) / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.rint(255 * image[..., 0]).astype(np.uint8)
            Image.fromarray(pixels).save(path)
    (folder / "own_layers.py").write_text("WIDTH = 1\n")
    files = ak.edge.export(
        classifiers["deep"], folder, "int8", calibration=digits.images[:50]
    )
    ak.edge.export(
        classifiers["linear"],
        folder / "another",
        "int8",
        calibration=digits.images[:50],
    )
    made = bundles.make(folder / "made", classifiers["deep"], files)
    manifest = json.loads((made / "manifest.json").read_text())
    bundles.write(folder / "device.json", bundles.answers(manifest))
    return folder


@pytest.fixture
def here(given, tmp_path, monkeypatch):
    """A copy of what the apps are given, in which they are run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # That of another test's folder.
    monkeypatch.delitem(sys.modules, "own_layers", raising=False)
    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    return tmp_path


def brighter(folder):
    for path in sorted(folder.rglob("*.png")):
        pixels = np.asarray(Image.open(path))
        Image.fromarray(255 - (255 - pixels) // 2).save(path)


def change(thing, here):
    """Changes one thing in place, under the same name."""
    if thing == "model":
        shutil.copy(here / "other.keras", here / "net.keras")
    elif thing == "other model":
        shutil.copy(here / "net.keras", here / "other.keras")
    elif thing == "picture":
        path = sorted((here / "data" / "test").rglob("*.png"))[0]
        pixels = np.array(Image.open(path))
        pixels[0, 0] ^= 1
        Image.fromarray(pixels).save(path)
    elif thing == "label":
        path = sorted((here / "data" / "test" / "0").iterdir())[-1]
        path.rename(here / "data" / "test" / "1" / path.name)
    elif thing == "calibration":
        brighter(here / "data" / "train")
    elif thing == "tflite":
        shutil.copytree(here / "another", here, dirs_exist_ok=True)
    elif thing == "device":
        found = json.loads((here / "device.json").read_text())
        found["models"]["int8"]["latencies"] = [7.0]
        bundles.write(here / "device.json", found)  # with its sum
    elif thing == "code":
        (here / "own_layers.py").write_text("WIDTH = 2\n")
    elif thing == "trained":
        shutil.copy(here / "other.keras", here / "run.keras")


def figures(here, name="run"):
    folder = here / (f"{name}.run" if (here / f"{name}.run").is_dir() else name)
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("app", DEPENDS)
def test_nothing_that_changed_is_used_as_it_was(run_app, here, app):
    output = () if app == "train" else (f"--output={here / 'run'}",)
    first = run_app(app, *FLAGS[app], *output)
    assert (first.code or 0) == 0, first.err
    kept = here / "kept"
    shutil.copytree(
        here, kept, ignore=shutil.ignore_patterns("run*", "kept", "made")
    )
    trained = here / "run.keras"
    model = trained.read_bytes() if app == "train" else None
    for thing, expected in DEPENDS[app].items():
        before = None if app == "train" else figures(here)
        change(thing, here)
        ended = run_app(app, *FLAGS[app], *output)
        if expected == REFUSED:
            assert ended.code == 2, thing
            said = ended.err.splitlines()[-1]
            assert said.startswith(f"{app}: `") and "Received: " in said, said
            assert app == "train" or figures(here) == before, thing
        else:
            assert (ended.code or 0) == 0, ended.err
            assert figures(here) != before, thing
            run_app(app, *FLAGS[app], f"--output={here / 'run-new'}")
            found, fresh = figures(here), figures(here, "run-new")
            # The second may be another.
            for name in ("command", "date"):
                del found[name], fresh[name]
            assert found == fresh
        # As it was, for the next.
        shutil.rmtree(here / "data")
        shutil.copytree(kept, here, dirs_exist_ok=True)
        if model is not None:
            trained.write_bytes(model)
    # What was there before goes on being used, where nothing has changed.
    last = run_app(app, *FLAGS[app], *output)
    assert (last.code or 0) == 0, last.err
    assert last.out == first.out


@pytest.mark.slow
def test_the_quick_start_s_own_nets(run_app, tmp_path, monkeypatch):
    """A net in the folder is replaced, with its card."""
    real_train = ak.training.train_to_file
    real_sample = ak.datasets.ImageSet.sample

    def train_to_file(path, name, train_set, test_set, recipe, **options):
        recipe = ak.training.Recipe(recipe.optimizer, epochs=3)
        return real_train(path, name, train_set, test_set, recipe, **options)

    monkeypatch.setattr(ak.training, "train_to_file", train_to_file)
    monkeypatch.setattr(
        ak.datasets.ImageSet,
        "sample",
        lambda self, n, seed: real_sample(self, 6, seed),
    )
    export = functools.partial(ak.edge.export, variants=("int8",))
    monkeypatch.setattr(ak.edge, "export", export)
    monkeypatch.setattr(ak.edge, "DEFAULT_RUNTIMES", ("litert",))
    flag = f"--output={tmp_path}"
    assert (run_app("quickstart", flag).code or 0) == 0
    before = (tmp_path / "results.json").read_bytes()
    path = tmp_path / "models" / "m1.keras"
    card = ak.models.read_card(path)
    model = ak.models.load(path)
    model.set_weights([-weights for weights in model.get_weights()])
    ak.models.save_with_card(model, path, card)
    ended = run_app("quickstart", flag)
    assert ended.code == 2
    assert "of another model" in ended.err or "other model" in ended.err
    assert (tmp_path / "results.json").read_bytes() == before
