"""Findings as tables, sentences and Markdown: each figure in its place."""

import pytest

import advkeras as ak
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table


def results(**options):
    """Returns one table of two rows, as `Run.finish` would."""
    cells = [
        # 3 of 12: 25.0 % (Wilson 8.9-53.2), as in test_tables.py.
        (Cell("a text"), Cell(Rate(3, 12), 26.2), Cell(Mean.of([1, 2, 3]))),
        (Cell(None), Cell(Rate(3, 12), 90, recalled=True), Cell(123456.0, 2)),
    ]
    table = Table(
        "T", "net", ("x", "y", "z"), (Row("A", cells[0]), Row("B", cells[1]))
    )
    findings = Findings("Table 9", (table,), **options)
    return {
        **findings.to_json(),
        "command": "python -m apps.x",
        "versions": {"keras": "3"},
    }


def test_cells_hold_measured_and_published_with_its_mark():
    (grid,) = ak.report.findings_tables(results())
    assert grid.header == ("net", "x", "y", "z")
    # The mean of 1, 2, 3: 2 +- 4.302653 / sqrt(3).
    first = ("A", "a text", "25.0 (8.9-53.2) / *26.2*", "2 (-0.484 to 4.48)")
    assert grid.rows[0] == first
    assert grid.rows[1] == (
        "B",
        "-",
        "25.0 (8.9-53.2) / *90 r*",
        "123,456 / *2*",
    )


def test_sentences_name_what_lies_outside_the_interval():
    """26.2 lies within 9-53, 90 does not; a number has no interval."""
    (sentence,) = ak.report.findings_in_words(results())
    assert sentence.startswith("Of 2 published figures 1 lie within")
    assert sentence.endswith("1 do not: B, y (25.0 (8.9-53.2) / *90 r*).")


def test_a_table_without_published_figures_says_nothing():
    plain = Table("T", "net", ("y",), (Row("A", (Cell(Rate(3, 12)),)),))
    found = Findings("F", (plain,)).to_json()
    assert ak.report.findings_in_words(found) == []


def test_the_section_has_tables_pictures_notes_and_command():
    text = ak.report.findings_markdown(
        results(notes=("Why.",), pictures={"p.png": "What it shows."}),
        "paper.table9",
    )
    assert text.startswith("## Table 9\n")
    assert "| A | a text | 25.0 (8.9-53.2) / *26.2* |" in text
    assert "![What it shows.](paper.table9/p.png)" in text
    assert "- Why.\n" in text
    assert text.endswith("Made by `python -m apps.x` with keras 3.\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.05461, "0.0546"), (7, "7"), (1234.5, "1,234"), (7.9e8, "7.9e+08")],
)
def test_numbers_have_three_digits(value, expected):
    table = Table("T", "net", ("x",), (Row("A", (Cell(value),)),))
    found = Findings("F", (table,)).to_json()
    (grid,) = ak.report.findings_tables(found)
    assert grid.rows == (("A", expected),)
