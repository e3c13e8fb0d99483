"""What an app knows of a model besides its file."""

import sys

import keras
import pytest

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
