"""LiteRT's own quantiser: its files are what their names say."""

import importlib.util

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import quantizing
from advkeras.edge.lift.reader import read
from advkeras.edge.variants import VARIANTS
from tests.edge.strangers import outputs

WHOLE = ("int8", "int16x8")  # in integers from end to end

needed = pytest.mark.skipif(
    importlib.util.find_spec("litert_quantizer") is None,
    reason="needs LiteRT's quantiser: pip install 'advkeras[quantizer]'",
)


def network(*layers, dtype="float32"):
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 1), dtype=dtype)
    ends = keras.layers.Flatten(), keras.layers.Dense(3)
    return keras.Sequential([images, *layers, *ends])


def export(model, folder, variants, images, **options):
    return ak.edge.export(
        model, folder, variants, images, quantizer="litert", **options
    )


def card_of(path):
    return ak.models.read_card(path)


def kept_as(path):
    """Returns the types that matrices and filters are stored in."""
    found = [
        tensor
        for operator in read(path).operators
        for tensor in operator.inputs
        if tensor is not None and tensor.data is not None
    ]
    return {tensor.dtype for tensor in found if tensor.data.ndim > 1}


@pytest.fixture(scope="module")
def noise():
    """More images than are calibrated at a time; the last is the brightest."""
    random = np.random.default_rng(0)
    images = random.uniform(0, 0.5, (40, 8, 8, 1)).astype(np.float32)
    images[-1, 0, 0, 0] = 1
    return images


@pytest.fixture(scope="module")
def m1():
    return ak.load("m1")


@pytest.fixture(scope="module")
def of_m1(m1, digits, tmp_path_factory):
    """The variants of m1."""
    folder = tmp_path_factory.mktemp("litert")
    return export(m1, folder, VARIANTS, digits.images[:100])


def check(paths, classifier, images):
    """Checks that files are what they are called, and answer as the model."""
    assert paths.skipped == {}
    expected = classifier.logits(images).numpy()
    for name, path in paths.items():
        variant, card = VARIANTS[name], card_of(path)
        assert card["input"]["dtype"] == variant.io, name
        assert card["output"]["dtype"] == variant.io, name
        assert kept_as(path) == {variant.weights}, name
        quantised = "litert-quantizer" if name != "float32" else None
        assert card.get("quantizer") == quantised
        assert card["versions"]["litert-quantizer"]
        off = np.abs(outputs(path, images) - expected).max()
        steps = {"float32": 1e-5, "float16": 1e-3}.get(name, 5 / 255)
        assert off < steps * np.ptp(expected), name


@needed
def test_the_variants_of_a_trained_net(of_m1, m1, digits):
    assert list(of_m1) == list(VARIANTS)
    check(of_m1, m1, digits.images[:100])
    for name in WHOLE:
        # A SHAPE that asks for the size of a batch is left to floats.
        assert set(card_of(of_m1[name])["float_operators"]) <= {"SHAPE"}


@needed
def test_the_variants_for_a_device(noise, tmp_path):
    model = network(keras.layers.Conv2D(4, 3, activation="relu"))
    paths = export(model, tmp_path, WHOLE, noise, batch_size=1)
    check(paths, ak.Classifier(model), noise)
    for name in WHOLE:
        assert card_of(paths[name])["float_operators"] == {}
        # All that was seen is in range, not a moving average of it.
        levels = 255 if name == "int8" else 32767
        scale = card_of(paths[name])["input"]["scale"]
        assert scale == pytest.approx(1 / levels, rel=1e-6)
    again = export(model, tmp_path / "again", "int8", noise, batch_size=1)
    assert again["int8"].read_bytes() == paths["int8"].read_bytes()


@needed
def test_beside_the_converter(of_m1, m1, digits, digits_500, tmp_path):
    """Ranges are the same, and so nearly is what a copy reads."""
    images, labels = digits_500
    others = ak.edge.export(m1, tmp_path, WHOLE, digits.images[:100])
    for name in WHOLE:
        ours, theirs = card_of(of_m1[name]), card_of(others[name])
        assert theirs["quantizer"] == "TFLiteConverter"
        assert "litert-quantizer" not in theirs["versions"]
        for end in ("input", "output"):
            assert ours[end]["scale"] == pytest.approx(
                theirs[end]["scale"], rel=1e-5
            )
            assert ours[end]["zero_point"] == theirs[end]["zero_point"]
        right = []
        for path in (of_m1[name], others[name]):
            with ak.edge.start(path) as session:
                right.append((session.predict(images).labels == labels).mean())
        assert abs(right[0] - right[1]) <= 0.004
        assert min(right) > 0.95


@needed
def test_bytes_are_calibrated_as_floats(noise, tmp_path):
    """A model that takes bytes begins with a cast, which has no integers."""
    rescaling = keras.layers.Rescaling(1 / 255)
    model = network(rescaling, dtype="uint8")
    classifier = ak.Classifier(model, (0.0, 255.0))
    images = np.rint(255 * noise)
    paths = export(classifier, tmp_path, "int8", images)
    check(paths, classifier, images)


@needed
def test_weights_lie_within_the_file(noise, tmp_path):
    """It lays 256 KiB of them behind the flatbuffer, where we do not read."""
    wide = [keras.layers.Flatten(), keras.layers.Dense(2100)]
    model = network(*wide)
    paths = export(model, tmp_path, "float16", noise)
    assert paths["float16"].stat().st_size > 2 * 64 * 2100 > 256 * 1024
    check(paths, ak.Classifier(model), noise)


@needed
def test_what_it_has_no_integers_for(noise, tmp_path):
    model = network(keras.layers.Conv2D(4, 3, activation="elu"))
    paths = export(model, tmp_path / "elu", "int8", noise, batch_size=1)
    card = card_of(paths["int8"])
    assert card["float_operators"] == {"ELU": 1}
    assert card["input"]["dtype"] == card["output"]["dtype"] == "int8"
    assert kept_as(paths["int8"]) == {"int8"}
    loop = network(keras.layers.Reshape((8, 8)), keras.layers.LSTM(2))
    paths = export(loop, tmp_path / "loop", "int8", noise, batch_size=1)
    assert paths == {}
    assert paths.skipped["int8"].startswith("a loop over time steps (WHILE)")


@needed
def test_what_it_cannot_make_is_a_line(noise, tmp_path, monkeypatch):
    from litert_quantizer import quantizer

    def fails(*_, **__):
        raise RuntimeError("too\nodd")

    monkeypatch.setattr(quantizer.Quantizer, "quantize", fails)
    paths = export(network(), tmp_path, ("float32", "int8"), noise)
    assert list(paths) == ["float32"]
    assert paths.skipped == {"int8": "RuntimeError: too odd"}


@pytest.mark.parametrize(
    ("quantizer", "said"),
    [
        ("nosuch", "`quantizer` must be one of: .* quantizer='nosuch'"),
        ("litert", r"pip install 'advkeras\[quantizer\]'.*quantizer='litert'"),
    ],
)
def test_none_here(monkeypatch, noise, tmp_path, quantizer, said):
    util = quantizing.importlib.util
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=said):
        ak.edge.export(
            network(), tmp_path / "out", "int8", noise, quantizer=quantizer
        )
    assert list(tmp_path.iterdir()) == []
