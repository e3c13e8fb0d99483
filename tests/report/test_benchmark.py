"""A benchmark as tables and Markdown."""

import pytest

import advkeras as ak
from advkeras.benchmark import Row
from advkeras.report import benchmark

ROWS = (
    Row("floor", "2.21", 20, 3, 5.5e-6, 1.0, 0.001),
    Row(
        *("LBFGS()", "0.1", 20, 3, 5.3e-3, 963.6, 1.0),
        success=0.95,
        distortion=0.0561,
        evaluations=311.4,
        to_gradients=3.094,
        to_scipy=1.0004,
        to_lockstep=1.0012,
        worst=1.0391,
    ),
    Row("Peer", note="skipped: needs peer ==1; not installed"),
)


@pytest.fixture
def table():
    rows = [row.to_json() for row in ROWS]
    return {"suite": "lbfgs", "model": "m1", "rows": rows}


def test_tables_have_what_has_figures(table):
    times, gradients, distortions = ak.report.benchmark_tables(table)
    assert times.title.startswith("lbfgs on m1: time of an image")
    assert times.header[1:5] == ("version", "images", "time", "x floor")
    assert times.names == 2
    assert times.rows == (
        ("floor", "2.21", "20", "5.50 us", "1.00", "<0.01", "-", "-"),
        (
            *("LBFGS()", "0.1", "20", "5.30 ms", "964", "1.00"),
            *("95.0", "0.05610"),
        ),
    )
    assert gradients.rows == (("LBFGS()", "20", "311", "3.09"),)
    assert distortions.rows == (("LBFGS()", "20", "1.0004", "1.0012", "1.039"),)


def test_distances():
    row = Row(
        *("DDN()", "0.1", 252, 3, 1e-3),
        success=1.0,
        evaluations=100.0,
        norm="l2",
        distance=1.07584,
        to_nearest=1.0334,
    )
    table = {"suite": "minimum", "model": "m1", "rows": [row.to_json()]}
    _, distances = ak.report.benchmark_tables(table)
    assert distances.header[:3] == ("", "norm", "images")
    assert distances.names == 2
    assert distances.rows == (
        ("DDN()", "l2", "252", "100.0", "1.0758", "1.033", "100"),
    )


def test_budget():
    row = Row(
        *("AutoAttack", "0.2", 252, 1, 1e-3, 130.0),
        evaluations=553.2,
        robust=0.163,
        queries=1496.0,
    )
    table = {"suite": "budget", "model": "m1", "rows": [row.to_json()]}
    _, standing = ak.report.benchmark_tables(table)
    assert standing.header[2:] == ("robust", "gradients", "queries", "x floor")
    assert standing.rows == (
        ("AutoAttack", "252", "16.3", "553", "1496", "130"),
    )


def test_memory():
    row = Row(
        *("LBFGS()", "0.1", 100, 1, 1.5),
        peak_memory=700 * 2**20,
        own_memory=30 * 2**20,
        array_memory=2**20,
    )
    table = {"suite": "scale", "model": "m1", "rows": [row.to_json()]}
    times, memory = ak.report.benchmark_tables(table)
    assert times.rows == (("LBFGS()", "0.1", "100", "1.50 s"),)
    assert memory.rows == (("LBFGS()", "100", "700", "30", "1"),)


def test_nothing_but_skipped(table):
    del table["rows"][:2]
    assert ak.report.benchmark_tables(table) == []
    assert ak.report.benchmark_lines(table) == [
        "Peer: skipped: needs peer ==1; not installed"
    ]


def test_markdown(table):
    results = {
        "command": "python -m apps.benchmark",
        "machine": {
            "processor": "Chip",
            "cpus": 2,
            "accelerators": 0,
            "python": "3.11.1",
        },
        "versions": {"tensorflow": "2.21.0"},
        "tables": [table],
    }
    text = ak.report.benchmark_markdown(results)
    for grid in ak.report.benchmark_tables(table):
        assert grid.markdown().strip() in text
    assert "\n- Peer: skipped: needs peer ==1; not installed\n" in text
    assert text.endswith(
        "Made by `python -m apps.benchmark` on Chip, 2 processors, 0 "
        "accelerators; Python 3.11.1, tensorflow 2.21.0.\n"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (312.4e-3, "312 ms"),
        (5.3e-3, "5.30 ms"),
        (33.33e-6, "33.3 us"),
        (0.34e-6, "340 ns"),
        (2, "2.00 s"),
        (0.9996e-3, "1.00 ms"),
        (0.99994, "1.00 s"),
    ],
)
def test_durations(seconds, text):
    assert benchmark._duration(seconds) == text
