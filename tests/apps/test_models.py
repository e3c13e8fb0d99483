"""What an app knows of a model besides its file."""

import sys

import keras
import numpy as np
import pytest
from PIL import Image

from advkeras import files

MODULE = """
import keras


{decorator}
class Doubled{number}(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""
REGISTERED = '@keras.saving.register_keras_serializable("own")'


@pytest.fixture
def own_layer(tmp_path, monkeypatch, digits):
    """Writes a module in the current folder, and a model that needs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    made = []

    def own_layer(decorator, suffix=".keras"):
        number = len(made) + (10 if decorator else 20)
        name = f"own_layers_{number}"
        made.append(name)
        (tmp_path / f"{name}.py").write_text(
            MODULE.format(decorator=decorator, number=number)
        )
        monkeypatch.syspath_prepend(tmp_path)
        layer = getattr(__import__(name), f"Doubled{number}")
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layer(),
                keras.layers.Flatten(),
                keras.layers.Dense(10),
            ]
        )
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(True))
        model.fit(digits.images, digits.labels, epochs=20, verbose=0)
        path = tmp_path / f"{name}{suffix}"
        model.save(path)
        # As in a process that has not seen it.
        del sys.modules[name]
        for key in [*keras.saving.get_custom_objects()]:
            if "Doubled" in key:
                del keras.saving.get_custom_objects()[key]
        return name, path

    return own_layer


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("decorator", ["", REGISTERED], ids=["bare", "known"])
def test_a_layer_of_one_s_own_is_imported(
    run_app, own_layer, tmp_path, decorator, suffix
):
    name, path = own_layer(decorator, suffix)
    flags = [
        f"--models={path}",
        "--attack=fgsm",
        "--dataset=mnist5k",
        "--examples=8",
        "--bounds=0,1",
        f"--output={tmp_path / 'run'}",
    ]
    ended = run_app("transfer_eval", *flags)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert "--import=MODULE" in line
    assert "custom_objects={'Doubled" in line

    ended = run_app("transfer_eval", *flags, f"--import={name}")
    assert not ended.code, ended.err
    results = files.read_json(tmp_path / "run" / "results.json")
    assert results["settings"]["import"] == [name]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "ModuleNotFoundError: No module named 'not_there'"),
        ("import", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_imported(refusal, tmp_path, monkeypatch, text, reason):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    name = "not_there"
    if text is not None:
        name = f"broken_{len(text)}"
        (tmp_path / f"{name}.py").write_text(text)
    for app in ("transfer_eval", "export", "benchmark", "edge_eval"):
        line = refusal(app, f"--import={name}", "--output=run")
        assert line.startswith(f"{app}: `import` must name modules")
        assert f"Received: import={name!r} ({reason}" in line
    assert not (tmp_path / "run").exists()


def test_a_model_larger_than_allowed_is_refused(refusal, model_files, tmp_path):
    model = model_files["linear"]
    for app in ("transfer_eval", "export", "benchmark", "edge_eval"):
        argument = "models" if app == "transfer_eval" else "model"
        line = refusal(
            app,
            f"--{argument}={model}",
            "--max_model_gb=1e-6",
            *(["--dataset=mnist5k"] if app != "export" else []),
            f"--output={tmp_path / 'run'}",
        )
        assert line.startswith(f"{app}: a model file must be one that `max_gb`")
        assert "--max_model_gb, allows more" in line
    assert not (tmp_path / "run").exists()


@pytest.fixture
def digit_folder(tmp_path, test_digits):
    """Digits as PNG files in folders of other names, and two broken ones."""
    folder = tmp_path / "digits"
    pixels = np.round(test_digits.images[:60] * 255).astype(np.uint8)
    for i, (image, label) in enumerate(
        zip(pixels, test_digits.labels, strict=False)
    ):
        path = folder / "test" / f"digit{label}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    for name in ("a.png", "b.jpg"):
        (folder / "test" / "digit0" / name).write_bytes(b"nothing")
    return folder


def renamed(model_file, folder, **changes):
    """Copies a model, its card with some values changed."""
    folder.mkdir()
    copy = folder / model_file.name
    copy.write_bytes(model_file.read_bytes())
    card = files.read_json(model_file.with_suffix(".json"))
    files.write_json(copy.with_suffix(".json"), {**card, **changes})
    return copy


def of_folder(digit_folder, model, *flags):
    return [
        "transfer_eval",
        f"--models={model}",
        "--attack=fgsm",
        f"--dataset={digit_folder}",
        "--split=test",
        "--examples=8",
        f"--output={digit_folder.parent / 'run'}",
        *flags,
    ]


def test_unreadable_pictures_are_warned_of_and_written_down(
    run_app, model_files, digit_folder, tmp_path
):
    ended = run_app(*of_folder(digit_folder, model_files["linear"]))
    assert not ended.code, ended.err
    lines = [x for x in ended.err.splitlines() if x.startswith("warning: ")]
    assert len(lines) == 1
    assert lines[0].startswith("warning: 2 of 62 files of ")
    assert ".py" not in ended.err
    found = files.read_json(tmp_path / "run" / "results.json")["dataset"]
    assert (found["name"], found["split"]) == (str(digit_folder), "test")
    assert found["n"] == 60
    assert len(found["fingerprint"]) == 64
    assert found["unreadable"]["count"] == 2
    names = [name.rpartition("/")[2] for name in found["unreadable"]["files"]]
    assert names == ["a.png", "b.jpg"]


def test_classes_in_another_order_are_refused(
    run_app, model_files, digit_folder, tmp_path
):
    names = [f"digit{i}" for i in range(10)]
    same = renamed(model_files["linear"], tmp_path / "same", class_names=names)
    ended = run_app(*of_folder(digit_folder, same))
    assert not ended.code, ended.err

    names[3], names[5] = names[5], names[3]
    other = renamed(model_files["deep"], tmp_path / "other", class_names=names)
    ended = run_app(*of_folder(digit_folder, other, "--accept_accuracy"))
    assert (ended.code, ended.out) == (2, "")
    line = ended.err.splitlines()[-1]
    assert line.startswith(
        "transfer_eval: `dataset` must have the classes of the model's card, "
        "in their order: class 3 is 'digit5' there. Received: dataset="
    )
    assert line.endswith("where it is 'digit3'")


def test_training_digits_are_warned_of(run_app, model_files, tmp_path):
    model = renamed(model_files["linear"], tmp_path / "m", dataset="mnist")
    ended = run_app(
        "transfer_eval",
        f"--models={model}",
        "--attack=fgsm",
        "--dataset=mnist5k",
        "--examples=8",
        f"--output={tmp_path / 'run'}",
    )
    assert not ended.code, ended.err
    assert (
        "warning: the images of mnist5k are all of mnist's training split"
        in ended.err
    )


def test_other_bounds_than_the_card_s_are_said(run_app, model_files, tmp_path):
    ended = run_app(
        "transfer_eval",
        f"--models={model_files['linear']}",
        "--attack=fgsm",
        "--dataset=mnist5k",
        "--bounds=0,255",
        "--examples=8",
        "--accept_accuracy",
        f"--output={tmp_path / 'run'}",
    )
    assert not ended.code, ended.err
    line = ended.err.splitlines()[0]
    assert line == (
        "warning: bounds: 0 .. 255 given, the card of linear.keras says 0 .. 1"
    )


def test_a_copy_s_card_says_what_its_source_was_trained_on(
    run_app, model_files, tmp_path
):
    ended = run_app(
        "export",
        f"--model={model_files['linear']}",
        "--dataset=mnist5k",
        "--calibration=20",
        "--variants=float32,int8",
        f"--output={tmp_path / 'out'}",
    )
    assert not ended.code, ended.err
    for name in ("float32", "int8"):
        card = files.read_json(tmp_path / "out" / f"{name}.json")
        provenance = card["provenance"]
        assert provenance["class_names"] == list("0123456789")
        assert provenance["trained_on"]["dataset"] == "mnist5k"


def test_edge_eval_writes_the_data_set_down_and_checks_copies(
    run_app, model_files, digit_folder, tmp_path
):
    data = [
        "--attack=fgsm",
        f"--dataset={digit_folder}",
        "--split=test",
        "--calibration_split=test",
        "--calibration=20",
        "--examples=8",
        "--runtimes=litert",
    ]
    names = [f"digit{i}" for i in range(10)]
    model = renamed(model_files["linear"], tmp_path / "m", class_names=names)
    ended = run_app(
        "edge_eval",
        *data,
        f"--model={model}",
        "--variants=int8",
        "--nowhite_box",
        f"--output={tmp_path / 'run'}",
    )
    assert not ended.code, ended.err
    found = files.read_json(tmp_path / "run" / "results.json")["dataset"]
    assert (found["n"], found["unreadable"]["count"]) == (60, 2)

    # The copy has the classes in its card, and goes without its source.
    copy = tmp_path / "run" / "tflite" / "int8.tflite"
    card = files.read_json(copy.with_suffix(".json"))
    assert card["provenance"]["class_names"] == names
    (digit_folder / "test" / "digit0").rename(digit_folder / "test" / "zero")
    ended = run_app("edge_eval", *data, f"--tflite={copy}", "--output=nowhere")
    assert ended.code == 2
    assert "class 0 is 'digit0' there" in ended.err.splitlines()[-1]
