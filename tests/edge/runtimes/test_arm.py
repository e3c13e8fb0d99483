"""TOSA: near LiteRT, and plain about what it does not take."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.edge.runtimes import CannotRunError
from tests.edge import dense

pytest.importorskip("tosa_reference_model")
pytest.importorskip("tosa_converter_for_tflite")


@pytest.mark.parametrize(
    ("variant", "apart"), [("int8", 1), ("float32", 1e-5), ("float16", 1e-5)]
)
def test_it_is_near_the_reference_kernels(variants, noise, variant, apart):
    with ak.edge.start(variants[variant], "litert-reference") as session:
        expected = session.predict(noise).outputs
    with ak.edge.start(variants[variant], "tosa") as session:
        assert session.version.startswith("tosa-tools 20")
        found = session.predict(noise).outputs
    assert found.dtype == expected.dtype
    off = found.astype(float) - expected
    assert np.abs(off).max() <= apart


def test_open_sizes_are_named(tmp_path):
    net = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            layers.Conv2D(3, 3),
            layers.GlobalAveragePooling2D(),
        ]
    )
    path = tmp_path / "open.tflite"
    path.write_bytes(dense.convert(net))
    with pytest.raises(CannotRunError, match=r"open shapes .* \[-1, -1, -1, 1"):
        ak.edge.start(path, "tosa")


def test_an_operator_that_it_lacks_is_named(tmp_path):
    given = keras.Input(dense.SHAPE)
    largest = keras.ops.top_k(layers.Flatten()(given), 3)[0]
    path = tmp_path / "largest.tflite"
    path.write_bytes(dense.convert(keras.Model(given, largest)))
    with pytest.raises(CannotRunError, match="TOPK_V2") as raised:
        ak.edge.start(path, "tosa")
    assert "\n" not in raised.value.reason


def test_a_broken_file_is_none(broken_file):
    with pytest.raises(CannotRunError, match="that tosa can run") as raised:
        ak.edge.start(broken_file, "tosa")
    assert "\n" not in str(raised.value)
