"""Tables of devices show the numbers of the comparison, each in its place."""

import copy
import io

import pytest
import rich.console

from advkeras import tables
from advkeras.report import devices as report
from tests.report.conftest import rate


def outcome(attack, accuracy, survival=None):
    return {
        "set": f"{attack or 'clean'} uint8",
        "attack": attack,
        "pixels": "uint8",
        "overshoot": attack and 1.0,
        "accuracy": rate(accuracy),
        "agreement": rate(accuracy),
        "survival": survival,
        "only_target_wrong": rate(1 if attack else 0),
    }


def pair(a, b, labels, bits, largest):
    return {
        "a": a,
        "b": b,
        "n": 24,
        "equal_labels": rate(labels, 24),
        "bit_equal": rate(bits, 24),
        "largest_difference": largest,
    }


def test_it_is_said_where_most_survives(results):
    said, first, *_ = report.devices_in_words(results)
    assert "%" in said and "of 9; fgsm uint8, int8 on pi[4])" in said
    assert first == report.devices_lines(results)[0]


def test_that_no_device_ran_is_said(results):
    results["executors"] = results["executors"][:2]
    said, *_ = report.devices_in_words(results)
    assert said == "No device ran an adversarial image."


@pytest.fixture
def results():
    """LiteRT and TFLM here, and a device that agrees with TFLM but once."""
    usual = [outcome(None, 12), outcome("fgsm", 3, rate(8, 9))]
    other = [outcome(None, 12), outcome("fgsm", 4, rate(7, 9))]
    return {
        "bundle": {
            "source": "m1",
            "class_names": ["zero", "one", "two"],
            "command": "python -m apps.edge_bundle",
        },
        "executors": [
            {"name": "litert", "kind": "host", "runtime": "ai_edge_litert 2"},
            {"name": "tflm", "kind": "host", "runtime": "tflite-micro 0"},
            {
                "name": "pi[4]",
                "kind": "device",
                "runtime": "tflite_runtime 2.14.0",
                "machine": "aarch64",
                "processor": "Raspberry Pi 4 Model B",
                "system": "Linux",
                "python": "3.9.2",
                "numpy": "1.26.4",
                "threads": 4,
            },
        ],
        "models": {
            "int8": {
                "results": {
                    "litert": {"outcomes": usual, "latency": None},
                    "tflm": {"outcomes": usual, "latency": None},
                    "pi[4]": {
                        "outcomes": other,
                        "latency": {"median": 0.51234, "p90": 1.25, "n": 12},
                    },
                },
                "pairs": [
                    pair("litert", "tflm", 24, 24, 0.0),
                    pair("litert", "pi[4]", 23, 20, 0.125),
                    pair("tflm", "pi[4]", 23, 20, 0.125),
                ],
            },
            "dynamic": {
                "results": {"tflm": {"error": "no kernel"}},
                "pairs": [],
            },
        },
        "differences": [
            {
                "variant": "int8",
                "set": "fgsm uint8",
                "row": 7,
                "label": 2,
                "says": {"litert": 1, "tflm": 1, "pi[4]": 2},
            }
        ],
    }


def grid(results, title):
    (found,) = (
        one
        for one in report.devices_tables(results)
        if one.title.startswith(title)
    )
    return found


def test_executors_that_agree_share_a_line(results):
    found = grid(results, "int8")
    assert "clean: 12 images" in found.title
    assert "fgsm: 9 of its 12 images fool the float model" in found.title
    clean, first, other = found.rows
    assert clean == (
        "clean uint8",
        "all",
        *2 * (tables.cell(rate(12)),),
        "-",
        "0",
    )
    assert first[:2] == ("fgsm uint8", "litert, tflm")
    assert first[2] == tables.cell(rate(3))
    assert first[4:] == (tables.cell(rate(8, 9)), "1")
    assert other[1] == "pi[4]" and other[4] == tables.cell(rate(7, 9))


def test_latency_of_devices(results):
    found = grid(results, "Milliseconds")
    assert found.rows == (("int8", "pi[4]", "0.512", "1.25", "12"),)


def test_outputs_of_those_who_differ(results):
    found = grid(results, "Outputs")
    assert found.rows == (
        ("int8", "litert, tflm", "pi[4]", "23 of 24", "20 of 24", "0.125"),
    )


def test_outputs_of_those_who_agree(results):
    model = results["models"]["int8"]
    model["results"]["pi[4]"] = model["results"]["litert"]
    model["pairs"] = [
        pair(one["a"], one["b"], 24, 24, 0.0) for one in model["pairs"]
    ]
    found = grid(results, "Outputs")
    assert found.rows == (("int8", "all", "all", "24 of 24", "24 of 24", "0"),)


def test_every_image_that_is_labelled_differently(results):
    found = grid(results, "Images that are labelled differently: 1")
    assert found.header[4:] == ("litert", "tflm", "pi[4]")
    assert found.rows == (
        ("int8", "fgsm uint8", "7", "two", "one", "one", "two"),
    )
    results["differences"] = []
    titles = [one.title for one in report.devices_tables(results)]
    assert not any(title.startswith("Images") for title in titles)


def test_a_device_that_gives_no_answer(results):
    results["differences"][0]["says"]["pi[4]"] = -1
    found = grid(results, "Images that are labelled differently: 1")
    assert found.rows[0][4:] == ("one", "one", "no answer")


def test_many_differences_are_cut(results):
    results["differences"] *= 99
    found = grid(results, "Images that are labelled differently: 99, the first")
    assert len(found.rows) == 30


def test_who_is_who(results):
    assert report.devices_lines(results) == [
        "litert: ai_edge_litert 2, on the host",
        "tflm: tflite-micro 0, on the host",
        "pi[4]: tflite_runtime 2.14.0 on aarch64 (Raspberry Pi 4 Model B, "
        "Linux, Python 3.9.2, NumPy 1.26.4, 4 threads)",
        "dynamic does not run on tflm: no kernel",
    ]


def test_a_device_of_which_little_is_known(results):
    device = results["executors"][2]
    for key in ("processor", "system", "python", "numpy"):
        del device[key]
    assert report.devices_lines(results)[2].endswith("aarch64 (4 threads)")


def test_tables_fit_a_terminal(results):
    for table in report.devices_tables(results):
        console = rich.console.Console(file=io.StringIO(), width=80)
        console.print(table)
        text = console.file.getvalue()
        assert max(map(len, text.splitlines())) <= 80 and "…" not in text


def test_markdown(results):
    before = copy.deepcopy(results)
    text = report.devices_markdown(results)
    assert results == before
    assert text.startswith("## m1 on devices\n\n- litert: ")
    assert "| fgsm uint8 | litert, tflm | 25.0 (9-53) |" in text
    assert "| int8 | litert, tflm | pi[4] | 23 of 24 | 20 of 24 |" in text
    assert text.endswith("Made by `python -m apps.edge_bundle`.\n")
    assert "Made by `it`." in report.devices_markdown(
        {**results, "command": "it"}
    )
