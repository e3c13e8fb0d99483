"""Export: files that are what their cards say, or a line that says why not."""

import hashlib
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras import files
from advkeras.edge import flatbuffer
from advkeras.edge.export import export
from advkeras.edge.quiet import quiet
from advkeras.edge.runtimes.interpreter import Interpreter
from advkeras.edge.variants import VARIANTS
from tests.edge.strangers import outputs

INTEGER = ("int8", "int8-float-io", "int16x8")
FLOAT = ("float32", "float16", "dynamic")


@pytest.fixture(scope="module")
def images(digits):
    return digits.images[:50]


@pytest.fixture(
    scope="module",
    params=["m1", pytest.param("conv-mnist", marks=pytest.mark.slow)],
)
def exported(request, tmp_path_factory, images):
    """A reference model, and all its variants."""
    classifier = ak.load(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    provenance = {"dataset": "mnist5k", "seed": 7}
    paths = export(
        classifier, folder, calibration=images, provenance=provenance
    )
    return classifier, paths


def network(*layers, shape=(28, 28, 1)):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(shape),
            *layers,
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


def card_of(path):
    return ak.models.read_card(path)


def entries(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_all_variants_with_their_cards(exported):
    _, paths = exported
    assert list(paths) == list(VARIANTS)
    assert paths.skipped == {}
    assert entries(paths["int8"].parent) == sorted(
        f"{name}{suffix}"
        for name in VARIANTS
        for suffix in (".json", ".tflite")
    )
    assert "skipped={}" in repr(paths)


def test_the_card_is_true_to_the_file(exported, images):
    classifier, paths = exported
    weights = hashlib.sha256()
    for array in classifier.model.get_weights():
        weights.update(f"{array.dtype} {array.shape}\n".encode())
        weights.update(array.tobytes())
    for name, path in paths.items():
        card = card_of(path)
        variant = VARIANTS[name]
        assert card["variant"] == name
        assert card["description"] == variant.description
        assert card["source"] == {
            "name": classifier.model.name,
            "weights_sha256": weights.hexdigest(),
            "bounds": [0.0, 1.0],
            "outputs": "logits",
        }
        assert card["parameters"] == classifier.model.count_params()
        assert card["converter"] == "TFLiteConverter"
        assert card["versions"]["tensorflow"] == tf.__version__
        assert card["versions"]["ai-edge-litert"]
        assert card["provenance"] == {"dataset": "mnist5k", "seed": 7}
        assert card["bytes"] == path.stat().st_size
        assert card["sha256"] == files.sha256(path)
        described = flatbuffer.describe(path)
        assert card["input"] == described.input.to_json()
        assert card["output"] == described.output.to_json()
        assert card["operators"] == described.operators
        assert card["float_operators"] == described.float_operators
        assert card["input"]["dtype"] == variant.io
        assert card["output"]["dtype"] == variant.io
        assert card["input"]["shape"] == [-1, 28, 28, 1]
        assert card["output"]["shape"] == [-1, 10]
        if variant.needs_calibration:
            fingerprint = hashlib.sha256(images.tobytes()).hexdigest()
            assert card["calibration"] == {
                "images": 50,
                "fingerprint": fingerprint,
            }
            assert card["float_operators"] == {}
        else:
            assert card["calibration"] is None


def test_the_sizes_are_those_of_the_weights(exported):
    """Four bytes, two or one for a weight; all else takes a few thousand."""
    classifier, paths = exported
    n = classifier.model.count_params()
    widths = {"float32": 4, "float16": 2}
    for name, path in paths.items():
        extra = path.stat().st_size - widths.get(name, 1) * n
        assert 0 < extra < 13_000, name


def test_the_quantisation_is_that_of_the_calibration(exported, images):
    """By hand: an integer type covers [min, max] of what was seen, with 0."""
    classifier, paths = exported
    logits = classifier.logits(images).numpy()
    low, high = logits.min(), logits.max()
    assert low < 0 < high
    assert (images.min(), images.max()) == (0, 1)
    for name in ("int8", "int16x8"):
        card = card_of(paths[name])
        read, answer = card["input"], card["output"]
        if name == "int8":
            # 256 steps from -128, which is black, to 127, which is white.
            assert read["scale"] == pytest.approx(1 / 255)
            assert read["zero_point"] == -128
            scale = (high - low) / 255
            # Weights in int8 have moved the range a little.
            assert answer["scale"] == pytest.approx(scale, rel=0.03)
            expected = -128 - low / scale
            assert answer["zero_point"] == pytest.approx(expected, abs=3)
        else:
            # Symmetric about 0.
            assert read["scale"] == pytest.approx(1 / 32767)
            assert read["zero_point"] == answer["zero_point"] == 0
            largest = max(-low, high)
            assert answer["scale"] == pytest.approx(largest / 32767, rel=0.03)


def test_the_files_answer_as_the_model(exported, images, test_digits):
    classifier, paths = exported
    logits = classifier.logits(images).numpy()
    labels = classifier.predict(test_digits.images)
    # Of the range of the logits. Other images may leave it: they are clipped.
    tolerance = {"float32": 1e-5, "float16": 1e-3}
    for name, path in paths.items():
        difference = np.abs(outputs(path, images) - logits).max()
        assert difference < tolerance.get(name, 0.03) * np.ptp(logits), name
        with Interpreter(path, "litert-reference") as interpreter:
            found = interpreter.predict(test_digits.images).labels
        assert (found == labels).mean() >= 0.98, name
    # Each answer differs from the next: they are other files.
    digests = {card_of(path)["sha256"] for path in paths.values()}
    assert len(digests) == len(paths)


def test_bytes_of_a_camera(exported, images):
    """The same net: an int8 level is a uint8 one less 128, in and out."""
    _, paths = exported
    signed, unsigned = (
        outputs(paths[name], images) for name in ("int8", "int8-uint8-io")
    )
    np.testing.assert_allclose(unsigned, signed, atol=1e-5)
    read = card_of(paths["int8-uint8-io"])["input"]
    assert read["scale"] == pytest.approx(1 / 255)
    assert read["zero_point"] == 0


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_batch_of_a_device(exported, images, tmp_path, batch_size):
    """Without what asks for its size; the answers are the same."""
    classifier, paths = exported
    fixed = export(
        classifier,
        tmp_path,
        ("float32", "int8"),
        calibration=images,
        batch_size=batch_size,
    )
    asks = {"SHAPE", "STRIDED_SLICE", "PACK"}
    for name, path in fixed.items():
        card = card_of(path)
        assert asks & set(card_of(paths[name])["operators"])
        assert not asks & set(card["operators"])
        assert card["input"]["shape"] == [batch_size, 28, 28, 1]
        assert card["output"]["shape"] == [batch_size, 10]
        expected = outputs(paths[name], images)
        np.testing.assert_allclose(outputs(path, images), expected, atol=1e-4)


def test_a_model_of_another_batch(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1), batch_size=8),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    with pytest.raises(ValueError, match=r"just 8 images .*: batch_size=1"):
        export(model, tmp_path, "float32", batch_size=1)
    assert entries(tmp_path) == []
    path = export(model, tmp_path, "float32", batch_size=8)["float32"]
    assert card_of(path)["input"]["shape"] == [8, 4, 4, 1]


@pytest.mark.slow
def test_the_same_again_is_the_same_bytes(exported, images, tmp_path):
    """Of a model that was loaded again, compiled and called in between."""
    classifier, paths = exported
    name = {"fc100-100-10": "m1"}.get(classifier.model.name, "conv-mnist")
    model = ak.models.load(name)
    model.compile("adam", "mse")
    model.predict(images, verbose=0)
    again = export(model, tmp_path, calibration=images.astype(np.float64))
    for variant, path in paths.items():
        assert again[variant].read_bytes() == path.read_bytes(), variant
    # Other images give integers of other ranges, and the same floats.
    other = export(model, tmp_path / "other", ("float32", "int8"), 0.7 * images)
    assert other["float32"].read_bytes() == paths["float32"].read_bytes()
    assert other["int8"].read_bytes() != paths["int8"].read_bytes()
    card = card_of(other["int8"])
    assert card["input"]["scale"] == pytest.approx(0.7 / 255)
    assert card["calibration"] != card_of(paths["int8"])["calibration"]


def test_the_model_stays_as_it_was(tmp_path, images):
    model = network(keras.layers.Dense(4), keras.layers.BatchNormalization())
    model.layers[0].trainable = False
    model.compile(keras.optimizers.Adam(0.5), "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    weights = model.get_weights()
    optimizer, compiled = model.optimizer, model.get_compile_config()
    flags = [layer.trainable for layer in model.layers]
    export(model, tmp_path, ("float32", "int8"), images)
    assert model.optimizer is optimizer
    assert model.get_compile_config() == compiled
    assert [layer.trainable for layer in model.layers] == flags
    assert all(map(np.array_equal, weights, model.get_weights()))
    assert model.fit(images, np.zeros((50, 10)), verbose=0).history


@pytest.mark.slow
def test_some_variants_without_calibration(tmp_path):
    model = network()
    paths = export(model, tmp_path, ("dynamic", "float32", "dynamic"))
    assert list(paths) == ["dynamic", "float32"]
    assert card_of(paths["dynamic"])["provenance"] == {}
    assert list(export(model, tmp_path, "float16")) == ["float16"]
    assert len(entries(tmp_path)) == 6


@pytest.mark.slow
def test_an_operator_without_an_int16_kernel(tmp_path, images):
    model = network(keras.layers.Conv2D(4, 3, activation="elu"))
    paths = export(model, tmp_path, calibration=images)
    assert list(paths) == [n for n in VARIANTS if n != "int16x8"]
    assert paths.skipped == {"int16x8": "no int16 kernel for ELU"}
    assert not list(tmp_path.glob("int16x8*"))
    # Nor is there one for int8, but there it is left in float.
    card = card_of(paths["int8"])
    assert card["input"]["dtype"] == card["output"]["dtype"] == "int8"
    assert card["float_operators"] == {"ELU": 1}
    assert card["operators"]["DEQUANTIZE"] == card["operators"]["QUANTIZE"] == 1


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (
            [keras.layers.UpSampling2D(2, interpolation="bicubic")],
            "no TFLite kernel for ResizeBicubic",
        ),
        (
            [keras.layers.Reshape((28, 28)), keras.layers.LSTM(4)],
            "a loop over time steps, which TFLite has not: layers such as LS",
        ),
    ],
)
def test_an_operator_without_any_kernel(
    tmp_path, images, capfd, layers, reason
):
    paths = export(network(*layers), tmp_path, ("float32", "int8"), images)
    assert paths == {}
    assert list(paths.skipped) == ["float32", "int8"]
    for line in paths.skipped.values():
        assert line.startswith(reason)
        assert len(line) <= 200
        assert "\n" not in line
    assert entries(tmp_path) == []
    assert capfd.readouterr() == ("", "")


def test_a_very_long_reason_is_one_line(tmp_path, images, monkeypatch):
    def convert(_):
        raise RuntimeError("of words\n" * 1000)

    monkeypatch.setattr(tf.lite.TFLiteConverter, "from_saved_model", convert)
    # Not the converter, but what is around it: the caller has to know.
    with pytest.raises(RuntimeError):
        export(network(), tmp_path, "float32")

    class Converter:
        target_spec = type("Spec", (), {})()

        def convert(self):
            raise RuntimeError("of words\n" * 1000)

    monkeypatch.setattr(
        tf.lite.TFLiteConverter, "from_saved_model", lambda _: Converter()
    )
    (line,) = export(network(), tmp_path, "float32").skipped.values()
    assert line.startswith("RuntimeError: of words of words")
    assert line.endswith("...")
    assert len(line) == 200


@pytest.mark.slow
def test_a_model_that_ends_in_softmax(tmp_path, images):
    """It stays: a probability in int8 has steps of 1/256 from -128."""
    logits = ak.models.load("conv-mnist")
    model = keras.Sequential([logits, keras.layers.Softmax()])
    paths = export(model, tmp_path, ("float32", "int8", "int16x8"), images)
    card = card_of(paths["int8"])
    assert card["source"]["outputs"] == "probabilities"
    assert card["operators"]["SOFTMAX"] == 1
    assert card["output"]["scale"] == 1 / 256
    assert card["output"]["zero_point"] == -128
    for path in paths.values():
        found = outputs(path, images)
        assert np.allclose(found, model.predict(images, verbose=0), atol=0.1)
        assert np.allclose(found.sum(axis=1), 1, atol=0.02)


@pytest.mark.slow
def test_batch_normalisation_and_depthwise_convolution(tmp_path, images):
    """What is constant at inference is folded into the convolutions."""
    layers = keras.layers
    model = network(
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(6),
        layers.DepthwiseConv2D(3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
    )
    random = np.random.default_rng(0)
    model.set_weights(
        [random.uniform(0.5, 1.5, w.shape) - 0.5 for w in model.get_weights()]
    )
    paths = export(model, tmp_path, ("float32", "int8", "int16x8"), images)
    assert paths.skipped == {}
    logits = model.predict(images, verbose=0)
    spread = np.ptp(logits)
    for name, path in paths.items():
        operators = card_of(path)["operators"]
        assert operators["CONV_2D"] == operators["DEPTHWISE_CONV_2D"] == 1
        assert not operators.keys() & {"MUL", "ADD", "SUB", "RSQRT"}
        tolerance = 1e-4 if name == "float32" else 0.05
        difference = np.abs(outputs(path, images) - logits).max()
        assert difference < tolerance * spread, name


def test_pixels_from_0_to_255(tmp_path, images):
    model = network(keras.layers.Rescaling(1 / 255))
    classifier = ak.Classifier(model, bounds=(0.0, 255.0))
    paths = export(classifier, tmp_path, ("int8", "int16x8"), 255 * images)
    card = card_of(paths["int8"])
    assert card["source"]["bounds"] == [0.0, 255.0]
    # A pixel is its own step, black is -128.
    assert card["input"]["scale"] == pytest.approx(1)
    assert card["input"]["zero_point"] == -128
    card = card_of(paths["int16x8"])
    assert card["input"]["scale"] == pytest.approx(255 / 32767)


def test_images_of_any_size(tmp_path, images):
    layers = keras.layers
    model = network(
        layers.Conv2D(4, 3),
        layers.GlobalAveragePooling2D(),
        shape=(None, None, 1),
    )
    paths = export(model, tmp_path, ("float32", "int8"), images)
    assert paths.skipped == {}
    for path in paths.values():
        assert card_of(path)["input"]["shape"] == [-1, -1, -1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["saved_model", "model.h5"])
def test_models_of_other_formats(tmp_path, images, kind):
    """Their weights become constants, as those of a .keras file."""
    model = ak.models.load("conv-mnist")
    if kind == "saved_model":
        model.export(tmp_path / kind, verbose=False)
    else:
        model.save(tmp_path / kind)
    classifier = ak.load(tmp_path / kind)
    paths = export(classifier, tmp_path / "out", ("float32", "int8"), images)
    assert paths.skipped == {}
    logits = model.predict(images, verbose=0)
    assert np.allclose(outputs(paths["float32"], images), logits, atol=1e-3)
    card = card_of(paths["int8"])
    known = kind != "saved_model"  # a SavedModel keeps them to itself
    assert (card["source"]["weights_sha256"] is not None) == known
    assert (card["parameters"] == 105_866) == known
    assert not card["operators"].keys() & {"VAR_HANDLE", "READ_VARIABLE"}


class Unbuildable(keras.Model):
    """A model whose call cannot become a graph."""

    input_shape = (None, 28, 28, 1)

    def call(self, images):
        return tf.convert_to_tensor(images.numpy()[:, :2, 0, 0])


def test_a_model_that_keras_cannot_export(tmp_path):
    with pytest.raises(ValueError, match="`model` must be one that") as said:
        export(Unbuildable(name="odd"), tmp_path, "float32")
    assert "Received: model 'odd' (" in str(said.value)
    assert "\n" not in str(said.value)
    assert entries(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": "int4"}, "`variants` must be one of: dynamic, float16"),
        ({"variants": ()}, "`variants` must name some of"),
        ({"calibration": None}, "`calibration` .*: int8. Received: cal"),
        ({"calibration": []}, "`calibration` must be of shape"),
        ({"calibration": np.zeros((2, 28, 28))}, "calibration.shape="),
        (
            {"calibration": np.full((2, 28, 28, 1), 2)},
            "`calibration` .* bounds",
        ),
        ({"calibration": np.full((2, 28, 28, 1), np.nan)}, "in calibration.0"),
        ({"calibration": np.full((2, 28, 28, 1), "a")}, "calibration.dtype="),
        ({"provenance": {"seed": object()}}, "`provenance` .* JSON values"),
        ({"provenance": {"error": np.nan}}, "`provenance` .* JSON values"),
        ({"provenance": 3}, "`provenance` must be a dictionary"),
        ({"model": "m1"}, "`model` must be a keras.Model"),
        ({"batch_size": 0}, "`batch_size` must be .* Received: batch_size=0"),
        ({"batch_size": 1.5}, "`batch_size` must be"),
    ],
)
def test_wrong_input_before_any_work(
    tmp_path, images, monkeypatch, changes, said
):
    model = network()
    monkeypatch.setattr(type(model), "export", None)
    arguments = {
        "model": model,
        "directory": tmp_path / "out",
        "variants": ("float32", "int8"),
        "calibration": images,
        **changes,
    }
    with pytest.raises(ValueError, match=said) as caught:
        export(**arguments)
    assert "Received: " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert entries(tmp_path) == []


def test_a_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=r"`directory` .* Received: dir"):
            export(network(), place, "float32")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("where", ["describe", "write_json"])
def test_interrupted_it_leaves_nothing_half_written(
    tmp_path, monkeypatch, where
):
    before = export(network(), tmp_path, "float32")["float32"].read_bytes()
    card = (tmp_path / "float32.json").read_text()

    def interrupted(*_):
        raise KeyboardInterrupt

    module = flatbuffer if where == "describe" else files
    monkeypatch.setattr(module, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(network(keras.layers.ReLU()), tmp_path, ("dynamic", "float32"))
    with pytest.raises(KeyboardInterrupt):
        export(network(keras.layers.ReLU()), tmp_path, "float32")
    assert entries(tmp_path) == ["float32.json", "float32.tflite"]
    assert (tmp_path / "float32.tflite").read_bytes() == before
    assert (tmp_path / "float32.json").read_text() == card


def test_the_converter_says_nothing(tmp_path, images, capfd):
    export(network(), tmp_path, ("float32", "int8", "int16x8"), images)
    assert capfd.readouterr() == ("", "")


def test_quiet_hears_everything(capfd):
    log = logging.getLogger("said")
    with quiet() as said:
        print("printed")
        print("complained", file=sys.stderr)
        os.write(1, b"written\n")
        os.write(2, b"by C++: \xff\n")
        subprocess.run(["echo", "a child"])
        warnings.warn("warned", stacklevel=1)
        log.warning("logged")
        heard = said()
        print("later")
        assert "later" in said()
    for words in ("printed", "complained", "written", "C++", "a child"):
        assert words in heard
    assert capfd.readouterr() == ("", "")
    print("afterwards")
    os.write(2, b"afterwards too\n")
    assert capfd.readouterr() == ("afterwards\n", "afterwards too\n")


def test_quiet_leaves_logging_as_it_was(capfd, monkeypatch):
    """Which makes a handler for where stderr leads when it first speaks."""
    monkeypatch.setattr(logging.root, "handlers", [])
    with quiet():
        logging.warning("unheard")
    logging.warning("heard")
    said = capfd.readouterr().err
    assert "WARNING:root:heard" in said
    assert "unheard" not in said
    assert "Logging error" not in said


def test_quiet_ends_with_an_error(capfd):
    with pytest.raises(RuntimeError), quiet():
        print("unheard")
        raise RuntimeError
    print("heard")
    assert capfd.readouterr() == ("heard\n", "")


def test_the_cards_are_json(exported):
    _, paths = exported
    for path in paths.values():
        text = path.with_suffix(".json").read_text()
        assert json.loads(text) == card_of(path)
        assert str(path.parent) not in text  # nothing of this machine
