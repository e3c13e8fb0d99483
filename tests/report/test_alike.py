"""The table of runtimes that answer alike shows each count in its place."""

import dataclasses

import advkeras as ak
from advkeras.edge import Alike
from advkeras.report.alike import alike_in_words
from advkeras.report.alike import alike_tables
from tests.report import survivals

INT8 = Alike(
    variant="int8",
    attack="fgsm",
    pixels="float",
    n=12,
    runtimes=("litert", "tflm", "tosa"),
    labels=((12, 9, 6), (9, 12, 3), (6, 3, 12)),
    outputs=((12, 2, 1), (2, 12, 0), (1, 0, 12)),
    parted=tuple((i, (0, 1, 1)) for i in range(9)),
)
FLOAT32 = dataclasses.replace(
    INT8,
    variant="float32",
    runtimes=("litert", "tosa"),
    labels=((12, 12), (12, 12)),
    outputs=((12, 12), (12, 12)),
    parted=(),
)


def test_labels_above_the_diagonal_and_bits_below():
    survival = dataclasses.replace(survivals.survival(), alike=(FLOAT32, INT8))
    (grid,) = alike_tables(survival, "fgsm")
    assert "its 12 images on each two runtimes" in grid.title
    assert grid.header == ("variant", "runtime", "litert", "tflm", "tosa")
    assert grid.rows == (
        ("float32", "litert", "-", "-", "100.0"),
        ("float32", "tosa", "100.0", "-", "-"),
        ("int8", "litert", "-", "75.0", "50.0"),
        ("int8", "tflm", "16.7", "-", "25.0"),
        ("int8", "tosa", "8.3", "0.0", "-"),
    )
    (sentence,) = alike_in_words(survival, "fgsm")
    assert "float32 0, int8 9." in sentence
    assert sentence.endswith("are tflm and tosa on int8, by 9.")
    assert grid in ak.report.survival_tables(survival)


def test_pixels_that_most_targets_were_shown():
    rounded = dataclasses.replace(
        INT8,
        pixels="uint8",
        runtimes=(*INT8.runtimes, "device"),
        labels=((12,) * 4,) * 4,
        outputs=((12,) * 4,) * 4,
        parted=(),
    )
    survival = dataclasses.replace(survivals.survival(), alike=(INT8, rounded))
    (sentence,) = alike_in_words(survival, "fgsm")
    assert "12 images of fgsm, rounded to uint8, so" in sentence
    assert "Furthest" not in sentence


def test_nothing_to_compare_is_no_table():
    assert alike_tables(survivals.survival(), "fgsm") == []
    assert alike_in_words(survivals.survival(), "fgsm") == []
