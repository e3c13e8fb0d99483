"""The bundle holds what a device needs, and says what is in it."""

import hashlib
import json
import shutil
import zipfile

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import bundle
from advkeras.edge import pixels
from advkeras.edge.runtimes import device
from advkeras.edge.shown import to_show
from advkeras.edge.standalone import run_on_device
from tests.edge import bundles


@pytest.fixture(scope="module")
def chosen(variants):
    return {name: variants[name] for name in ("float32", "int8")}


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, chosen):
    """A bundle; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "bundle"
    return bundles.make(folder, classifiers["deep"], chosen)


@pytest.fixture(scope="module")
def result(classifiers):
    images, labels = ak.datasets.load("mnist5k", "test").sample(40, seed=0)
    return ak.attacks.FGSM(epsilon=0.1)(classifiers["deep"], images, labels)


def files_of(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_what_lies_in_it(made, chosen):
    manifest = json.loads((made / "manifest.json").read_text())
    assert files_of(made) == sorted(
        ["README.txt", "float32.tflite", "int8.tflite", "manifest.json"]
        + ["images/clean-uint8.npy", "run_on_device.py"]
        + [f"images/fgsm-x1.{i}0-uint8.npy" for i in (0, 2)]
    )
    assert sorted([*manifest["files"], "manifest.json"]) == files_of(made)
    for name, digest in manifest["files"].items():
        content = (made / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    for name, path in chosen.items():
        assert (made / f"{name}.tflite").read_bytes() == path.read_bytes()
    assert {path.name for path in made.parent.iterdir()} == {
        "bundle",
        "bundle.zip",
    }


def test_the_manifest(made, classifiers, result):
    manifest = device.read_manifest(made)
    assert manifest["format"] == 1
    assert manifest["source"] == "fc100-100-10"
    assert manifest["dataset"] == "mnist5k" and manifest["seed"] == 0
    assert manifest["bounds"] == [0.0, 1.0]
    assert manifest["class_names"][3] == "digit 3"
    assert manifest["versions"]["litert"].startswith("ai_edge_litert ")
    assert manifest["versions"]["numpy"] == np.__version__
    assert manifest["skipped"] == []
    shown = to_show(
        {"fgsm": result}, (1.0, 1.2), (), classifiers["deep"], ("uint8",)
    )
    assert len(shown) == 3
    for one, ours in zip(manifest["sets"], shown, strict=True):
        assert one["name"] == ours.name
        assert one["attack"] == ours.attack
        assert one["overshoot"] == ours.overshoot
        assert one["labels"] == ours.labels.tolist()
        assert one["source_labels"] == ours.source_labels.tolist()
        stored = np.load(made / one["file"], allow_pickle=False)
        assert (stored == ours.uint8()).all() and stored.dtype == np.uint8
        assert one["image_sha256"][7] == hashlib.sha256(stored[7]).hexdigest()
    assert manifest["sets"][0]["fooled"] is None
    assert manifest["sets"][2]["fooled"] == shown[1].fooled.astype(int).tolist()


def test_expected_outputs_are_those_of_the_runtimes_here(made, chosen):
    manifest = device.read_manifest(made)
    one = manifest["sets"][1]
    images = run_on_device.from_uint8(np.load(made / one["file"]), (0.0, 1.0))
    for runtime in ("litert", "litert-reference"):
        for variant, path in chosen.items():
            with ak.edge.start(path, runtime) as session:
                outputs = session.predict(images).outputs
                about = manifest["models"][variant]
                assert about["input"] == session.input
                assert about["output"] == session.output
            values = manifest["expected"][runtime][variant][one["name"]]
            assert (device.decode(values) == outputs).all()
            assert values["dtype"] == outputs.dtype.name


def test_the_same_again_byte_for_byte(made, tmp_path, classifiers, chosen):
    again = bundles.make(tmp_path / "bundle", classifiers["deep"], chosen)
    one, other = (f"{folder}.zip" for folder in (made, again))
    with open(one, "rb") as a, open(other, "rb") as b:
        assert a.read() == b.read()


def test_the_zip_holds_the_folder(made, tmp_path):
    with zipfile.ZipFile(f"{made}.zip") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        mode = archive.getinfo("bundle/run_on_device.py").external_attr >> 16
        assert mode & 0o111
        archive.extractall(tmp_path)
    assert files_of(tmp_path / "bundle") == files_of(made)
    for name in files_of(made):
        unpacked = (tmp_path / "bundle" / name).read_bytes()
        assert unpacked == (made / name).read_bytes()


def test_camera_steps_are_a_further_kind(tmp_path, classifiers, chosen):
    folder = bundles.make(
        tmp_path / "bundle",
        classifiers["deep"],
        chosen,
        camera=("jpeg:50",),
        overshoots=(1.0,),
    )
    sets = device.read_manifest(folder)["sets"]
    assert [one["pixels"] for one in sets] == ["uint8", "camera"] * 2
    plain, changed = (np.load(folder / one["file"]) for one in sets[2:])
    assert (changed == pixels.camera(plain, ("jpeg:50",))).all()


def test_what_cannot_run_here_is_said(
    tmp_path, classifiers, chosen, broken_file
):
    folder = bundles.make(
        tmp_path / "bundle",
        classifiers["deep"],
        {**chosen, "broken": broken_file},
    )
    manifest = device.read_manifest(folder)
    assert [(s["variant"], s["runtime"]) for s in manifest["skipped"]] == [
        ("broken", "litert"),
        ("broken", "litert-reference"),
    ]
    assert "broken" not in manifest["expected"]["litert"]
    assert "output" not in manifest["models"]["broken"]
    assert (folder / "broken.tflite").exists()


def test_an_earlier_bundle_is_replaced(made, tmp_path, classifiers, chosen):
    folder = tmp_path / "bundle"
    shutil.copytree(made, folder)
    (folder / "images" / "old.npy").write_bytes(b"")
    bundles.make(folder, classifiers["deep"], {"one": chosen["int8"]})
    assert list(device.read_manifest(folder)["models"]) == ["one"]
    assert not (folder / "int8.tflite").exists()
    assert not (folder / "images" / "old.npy").exists()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
def test_results_in_an_earlier_bundle_are_not_lost(
    made, tmp_path, classifiers, chosen
):
    folder = tmp_path / "bundle"
    shutil.copytree(made, folder)
    (folder / "device_results.json").write_text("{}")
    # The same bundle is there already.
    bundles.make(folder, classifiers["deep"], chosen)
    assert (folder / "device_results.json").exists()
    with pytest.raises(ValueError, match=r"with device_results\.json"):
        bundles.make(folder, classifiers["deep"], chosen, overshoots=(1.1,))
    assert (folder / "device_results.json").exists()
    assert files_of(folder) == sorted([*files_of(made), "device_results.json"])


def test_a_damaged_bundle_is_made_anew(made, tmp_path, classifiers, chosen):
    folder = tmp_path / "bundle"
    shutil.copytree(made, folder)
    (folder / "int8.tflite").write_bytes(b"nothing")
    bundles.make(folder, classifiers["deep"], chosen)
    assert run_on_device.read_bundle(folder)


@pytest.mark.parametrize("there", ["a file", "a folder"])
def test_what_is_no_bundle_stays(tmp_path, classifiers, chosen, there):
    output = tmp_path / "bundle"
    if there == "a folder":
        output.mkdir()
    kept = output if there == "a file" else output / "thesis.txt"
    kept.write_text("mine")
    with pytest.raises(ValueError, match="`output` must be new, an empty"):
        bundles.make(output, classifiers["deep"], chosen)
    assert kept.read_text() == "mine"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"runtimes": ["nosuch"]}, "`runtimes` must be one of"),
        ({"runtimes": ["device:a.json"]}, "`runtimes` must be one of"),
        ({"overshoots": (0.0,)}, "`overshoots` must be a finite number above"),
        ({"overshoots": (1.001, 1.002)}, "`overshoots` must differ"),
        ({"camera": ("blur:1",)}, "`camera` must hold steps"),
        ({"about": {"seed": object()}}, "`about` must be JSON values"),
    ],
)
def test_wrong_settings(tmp_path, classifiers, chosen, settings, said):
    with pytest.raises(ValueError, match=said) as caught:
        bundles.make(tmp_path / "b", classifiers["deep"], chosen, **settings)
    assert "Received: " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["../int8", "a b", "", "a/b", ".hidden"])
def test_names_that_would_be_no_file_names(tmp_path, classifiers, chosen, name):
    with pytest.raises(ValueError, match="`variants` must be named by"):
        bundles.make(
            tmp_path / "b", classifiers["deep"], {name: chosen["int8"]}
        )


def test_files_that_are_not_there(tmp_path, classifiers):
    with pytest.raises(ValueError, match=r"`variants` must name \.tflite"):
        bundles.make(tmp_path / "b", classifiers["deep"], {"a": "nosuch"})
    with pytest.raises(ValueError, match="`variants` must not be empty"):
        bundles.make(tmp_path / "b", classifiers["deep"], {})


def test_a_model_of_other_images(tmp_path, classifiers, dense_files):
    with pytest.raises(ValueError, match="must take images"):
        bundles.make(
            tmp_path / "b", classifiers["deep"], {"a": dense_files["int8"]}
        )


def test_results_of_other_bounds(tmp_path, classifiers, chosen, result):
    other = ak.Classifier(classifiers["deep"].model, bounds=(0.0, 255.0))
    with pytest.raises(ValueError, match="within the bounds of `source`"):
        bundle.write_bundle(
            tmp_path / "b", result, chosen, source=other, class_names=["a"]
        )


@pytest.mark.parametrize("bounds", [(0, 1), (0, 255), (-1, 1), (-2.1, 2.6)])
def test_no_pixel_is_lost_on_the_way_back(bounds):
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = run_on_device.from_uint8(every, bounds)
    assert (pixels.to_uint8(images, bounds) == every).all()
