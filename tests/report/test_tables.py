"""Tables show the numbers of results.json, each in its place."""

import io

import pytest
import rich.box
import rich.console

import advkeras as ak
from advkeras.report import tables


def lines(table):
    """Returns the cells of each line that `table` prints, however drawn."""
    table.box, table.pad_edge = rich.box.MARKDOWN, True
    console = rich.console.Console(file=io.StringIO(), width=200)
    console.print(table)
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in console.file.getvalue().splitlines()
        if line.startswith("|") and not line.startswith("|-")
    ]


def test_tables_of_three_models_fit_a_terminal(matrix):
    for name in ("A", "B"):
        matrix["success"][f"{name}-prime"] = matrix["success"].pop(name)
    matrix["targets"] = ["A", "B", "A"]
    for make in (ak.report.success_table, ak.report.transfer_table):
        console = rich.console.Console(file=io.StringIO(), width=80)
        console.print(make(matrix))
        text = console.file.getvalue()
        assert max(map(len, text.splitlines())) <= 80
        # Cells are whole: rich would break them, or end them with dots.
        for rate in matrix["clean_error"].values():
            assert make is ak.report.success_table or tables.cell(rate) in text
        assert "…" not in text


@pytest.mark.parametrize(
    ("count", "n", "expected"),
    [
        # Wilson: p = 0.25, n = 12, z^2 / n = 0.3201. Centre (0.25 + 0.1601) /
        # 1.3201 = 0.3106; half of the width 1.96 sqrt(0.25 * 0.75 / 12 +
        # 3.8415 / 576) / 1.3201 = 0.2217.
        (3, 12, "25.0 (9-53)"),
        # At 0 of n it is 0 to z^2 / (n + z^2) = 3.8415 / 13.8415.
        (0, 10, "0.0 (0-28)"),
        (10, 10, "100.0 (72-100)"),
        (0, 0, "-"),
    ],
)
def test_a_cell_is_a_rate_with_its_interval(count, n, expected):
    assert tables.cell(ak.evaluation.Rate(count, n).to_json()) == expected


def test_every_error_stands_in_its_row_and_column(matrix):
    header, clean, *rows = lines(ak.report.transfer_table(matrix))
    assert header == ["images made for", "distortion", "on A", "on B"]
    errors = matrix["clean_error"]
    assert clean[1:] == ["0", *(tables.cell(errors[t]) for t in "AB")]
    assert clean[2].startswith("0.0 ")
    assert clean[3].startswith("8.3 ")  # 1 of 12
    assert len(rows) == len(matrix["rows"])
    for shown, row in zip(rows, matrix["rows"], strict=True):
        assert shown == [
            row["name"],
            f"{row['distortion']:.4f}",
            tables.cell(row["error"]["A"]),
            tables.cell(row["error"]["B"]),
        ]


def test_columns_follow_the_order_of_the_targets(matrix):
    matrix["targets"] = ["B", "A"]
    header, _, first, *_ = lines(ak.report.transfer_table(matrix))
    assert header[2:] == ["on B", "on A"]
    # Of 12 examples made for A, A misses 11 and B 4.
    assert first[2].startswith("33.3 ")
    assert first[3].startswith("91.7 ")


def test_success_by_both_denominators(matrix):
    _, first, second = lines(ak.report.success_table(matrix))
    assert first[0] == "A"
    assert [cell.split()[0] for cell in first[1:4]] == ["91.7", "91.7", "8.3"]
    assert first[4:] == ["0.0512", "1.4336", "0.5000"]  # 28 * 0.0512
    # Of all 12 on B, and of the 11 that it had right, all were fooled.
    assert [cell.split()[0] for cell in second[1:4]] == [
        "100.0",
        "100.0",
        "0.0",
    ]
    assert second[1] != second[2]  # the intervals are of 12 and of 11


def test_an_attack_that_never_succeeds(matrix):
    rates = matrix["success"]["A"]
    nothing = ak.evaluation.Rate(0, 0).to_json()
    rates.update(
        of_correct=nothing,
        mean_distortion=None,
        mean_l2=None,
        mean_linf=None,
    )
    _, first, _ = lines(ak.report.success_table(matrix))
    assert first[2] == "-"
    assert first[4:] == ["-", "-", "-"]


def test_names_are_not_markup(matrix):
    """A file may be called net[v2].keras; rich would take [v2] for a style."""
    name = "net[v2]"
    matrix["success"] = {name: matrix["success"]["A"]}
    matrix["rows"][0]["name"] = name
    _, first = lines(ak.report.success_table(matrix))
    assert first[0] == name
    _, _, first, *_ = lines(ak.report.transfer_table(matrix))
    assert first[0] == name
