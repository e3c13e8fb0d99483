"""A grid shows the same cells in the terminal and in Markdown."""

import io
import re

import pytest
import rich.console

from advkeras.report.grids import Grid


@pytest.fixture
def grid():
    return Grid(
        "Two of them",
        ("variant", "runtime", "accuracy"),
        (
            ("int8", "litert, tflm", "91.7 (65-99)"),
            ("float32", "litert", "100.0 (76-100)"),
        ),
    )


def drawn(grid, width=80):
    console = rich.console.Console(file=io.StringIO(), width=width)
    console.print(grid.table())
    return console.file.getvalue()


def test_markdown(grid):
    assert grid.markdown() == (
        "Two of them:\n"
        "\n"
        "| variant | runtime | accuracy |\n"
        "| --- | --- | ---: |\n"
        "| int8 | litert, tflm | 91.7 (65-99) |\n"
        "| float32 | litert | 100.0 (76-100) |\n"
    )


@pytest.mark.parametrize("names", [0, 1, 3])
def test_names_stand_left_and_figures_right(grid, names):
    marks = Grid(grid.title, grid.header, grid.rows, names).markdown()
    assert marks.splitlines()[3].count("---:") == 3 - names


def test_a_bar_in_a_name_starts_no_cell():
    """Their file may have any name."""
    text = Grid("a|b", ("it|s", "x"), (("net|v2", "1"),), names=1).markdown()
    *_, header, marks, line = text.splitlines()
    assert header == r"| it\|s | x |"
    assert line == r"| net\|v2 | 1 |"
    for one in (header, marks, line):
        assert len(re.findall(r"(?<!\\)\|", one)) == 3


def test_the_terminal_shows_every_cell(grid):
    text = drawn(grid)
    assert "Two of them" in text
    for cell in (*grid.header, "int8", "tflm", "91.7 (65-99)", "(76-100)"):
        assert cell in text
    # Names that share a line stand one below the other.
    assert "litert, tflm" not in text


def test_on_a_narrow_terminal_figures_break_and_names_do_not(grid):
    text = drawn(grid, 28)
    assert max(map(len, text.splitlines())) <= 28
    for cell in ("float32", "litert", "91.7", "(65-99)"):
        assert cell in text
    assert "91.7 (65-99)" not in text
    assert "…" not in text


def test_a_long_name_leaves_room_for_figures():
    """What a device wrote is named by its path."""
    path = "device:/a/folder/that/lies/deep/below/others/device_results.json"
    row = ("int8", f"litert, {path}", *["100.0 (76-100)"] * 3)
    header = ("variant", "runtime", "accuracy", "agreement", "survival")
    text = drawn(Grid("One", header, (row,)))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert text.count("(76-100)") == 3


def test_names_are_not_markup():
    """A file may be called net[v2].tflite."""
    name = "net[v2]"
    text = drawn(Grid(name, (name, "x"), ((name, name),), names=1))
    assert text.count(name) == 4


def test_a_table_of_no_rows():
    empty = Grid("Nothing", ("a", "b"), ())
    assert "a b" in drawn(empty)
    assert empty.markdown().endswith("| --- | --- |\n")
