"""The table of variants, and finding some of them by name."""

import dataclasses

import pytest
import tensorflow as tf

from advkeras.edge.variants import VARIANTS
from advkeras.edge.variants import find_all


def test_the_variants_in_order():
    assert list(VARIANTS) == [
        "float32",
        "float16",
        "dynamic",
        "int8",
        "int8-float-io",
        "int16x8",
        "int8-uint8-io",
    ]
    assert all(name == variant.name for name, variant in VARIANTS.items())


def test_those_that_compute_in_integers_need_calibration():
    for variant in VARIANTS.values():
        integer = variant.activations.startswith("int")
        assert variant.needs_calibration == integer
        assert hasattr(tf.lite.OpsSet, variant.supported_ops)


def test_descriptions_are_one_sentence_of_one_line():
    for variant in VARIANTS.values():
        assert variant.description.endswith(".")
        assert len(variant.description) < 80
        assert variant.description.count(".") == 1


def test_they_are_data():
    with pytest.raises(dataclasses.FrozenInstanceError):
        VARIANTS["int8"].io = "float32"
    assert hash(VARIANTS["int8"]) != hash(VARIANTS["int8-float-io"])


def test_found_in_the_order_asked_for_and_once():
    assert list(find_all(["int8", "float32", "int8"])) == ["int8", "float32"]
    assert find_all("dynamic") == {"dynamic": VARIANTS["dynamic"]}
    assert list(find_all(VARIANTS)) == list(VARIANTS)


@pytest.mark.parametrize("names", ["int4", ["float32", "int4"], [""], [None]])
def test_no_such_variant(names):
    with pytest.raises(ValueError, match="`variants` must be one of: ") as said:
        find_all(names)
    assert "int8-float-io" in str(said.value)
    assert "Received: variants=" in str(said.value)


def test_no_variant():
    with pytest.raises(ValueError, match=r"Received: variants=\(\)"):
        find_all([])
