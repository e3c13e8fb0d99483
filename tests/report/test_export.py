"""What an export wrote, as its cards say it."""

import pytest

import advkeras as ak


def card(size, operators, scale=None, floats=(), **more):
    """A card, of which a table shows these."""
    kind = "float32" if scale is None else "int8"
    zero = None if scale is None else -128
    tensor = {"dtype": kind, "scale": scale, "zero_point": zero}
    return {
        "bytes": size,
        "input": tensor,
        "output": {**tensor, "zero_point": zero and 3},
        "operators": operators,
        "float_operators": list(floats),
        **more,
    }


@pytest.fixture
def cards():
    dense = {"FULLY_CONNECTED": 3, "RESHAPE": 1}
    return {
        "float32": card(1000, dense),
        "dynamic": card(300, dense, runtimes={"tflm": "no kernel"}),
        "int8": card(
            250,
            {**dense, "ELU": 2},
            1 / 255,
            ["ELU", "EXP"],
            runtimes={"litert": None, "litert-reference": "no", "tflm": None},
        ),
    }


def test_a_line_a_variant(cards):
    grid = ak.report.export_table("m1", cards)
    assert grid.title == "m1"
    assert grid.names == 1
    assert grid.rows == (
        ("float32", "1000", "1.000", "float32", "float32", "4", "-"),
        ("dynamic", "300", "0.300", "float32", "float32", "4", "none"),
        (
            *("int8", "250", "0.250"),
            *("int8 0.003922 -128", "int8 0.003922 +3", "6"),
            "litert, tflm",
        ),
    )


def test_without_float32_there_is_no_ratio(cards):
    del cards["float32"]
    grid = ak.report.export_table("m1", cards)
    assert [row[2] for row in grid.rows] == ["-", "-"]


def test_operators_that_variants_share_are_told_once(cards):
    assert ak.report.operators_in_words(cards) == [
        "float32, dynamic: 3 FULLY_CONNECTED, 1 RESHAPE",
        "int8: 3 FULLY_CONNECTED, 1 RESHAPE, 2 ELU",
        "int8: still computed in float: ELU, EXP",
    ]


def test_floats_are_no_news_of_a_float_variant(cards):
    cards["dynamic"]["float_operators"] = ["FULLY_CONNECTED"]
    (*_, last) = ak.report.operators_in_words(cards)
    assert last.startswith("int8")


def test_nothing_was_exported():
    assert ak.report.export_table("m1", {}).rows == ()
    assert ak.report.operators_in_words({}) == []


def test_what_an_npu_is_left_with(cards):
    about = {"npu": "ethos-u55-128", "compiler": "vela 5", "system": "fast"}
    found = {
        **about,
        "npu_operators": 4,
        "cpu_operators": {"ELU": 2},
        "bytes": {"sram": 10, "dram": 0, "flash": 90},
        "cycles": 5000,
        "milliseconds": 0.01,
    }
    none = {**about, "npu_operators": 0, "cpu_operators": {"RESHAPE": 1}}
    cards["int8"]["npu"] = found
    cards["float32"]["npu"] = none
    cards["dynamic"]["npu"] = {"npu": "ethos-u55-128", "reason": "too odd"}
    grid = ak.report.npu_table(cards)
    assert grid.title == "ethos-u55-128, vela 5, fast"
    assert {row[0]: row[1:] for row in grid.rows} == {
        "int8": ("2 ELU", "10", "0", "90", "5000", "0.01"),
        "float32": ("all: 1 RESHAPE", *["-"] * 5),
        "dynamic": ("too odd", *["-"] * 5),
    }
    del cards["int8"], cards["float32"]
    assert ak.report.npu_table(cards).title == "npu: none can be compiled"
