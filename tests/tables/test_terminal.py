"""No digit is lost on a terminal of any width, nor in a pipe."""

import collections
import io
import re

import pytest
import rich.console

from advkeras.tables import Table
from advkeras.tables import show

WIDTHS = [40, 80, 200]


def shown(table, width=80, terminal=True):
    """Returns what is printed, without colours."""
    console = rich.console.Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system=None,
    )
    show([table], console)
    return console.file.getvalue()


def digits(text):
    return collections.Counter(re.findall(r"\d", text))


def words(table, columns):
    cells = [row[i] for row in table.rows for i in columns]
    return [word for cell in cells for word in re.split(r",? ", cell)]


@pytest.fixture
def table():
    return Table(
        "Two of them",
        ("variant", "runtime", "accuracy"),
        (
            ("int8", "litert, tflm", "91.7 (65-99)"),
            ("float32", "litert", "100.0 (76-100)"),
        ),
    )


@pytest.fixture(params=[1, 3, 6, 12])
def wide(request):
    """A transfer matrix of so many models, one of them with a long name."""
    n = request.param
    names = [f"conv-cifar10-copy-{i}" for i in range(n)]
    return Table(
        f"error of {n} models",
        ("images made for", "distortion", *(f"on {name}" for name in names)),
        tuple(
            (
                name,
                f"0.0{i}46813579",
                *(f"{19 + j}.{i % 10} (19.4-{40 + j}.7)" for j in range(n)),
            )
            for i, name in enumerate(names)
        ),
        names=1,
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_no_digit_is_lost_on_a_terminal(wide, width):
    text = shown(wide, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    found = re.split(r"\s+", text)
    for word in words(wide, range(len(wide.header))):
        assert word in found
    if wide.rows[0][0] in text.splitlines()[3]:  # a line a row
        whole = " ".join([wide.title, *wide.header, *sum(wide.rows, ())])
        assert digits(text) == digits(whole)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_digit_is_lost_in_a_pipe(wide, width):
    text = shown(wide, width, terminal=False)
    assert "…" not in text
    *_, last = [line for line in text.splitlines() if line.strip()]
    assert re.split(r"\s{2,}|(?<=\)) | (?=0\.)", last.strip()) == list(
        wide.rows[-1]
    )
    whole = " ".join([wide.title, *wide.header, *sum(wide.rows, ())])
    assert digits(text) == digits(whole)


def test_every_cell_is_there(table):
    text = shown(table)
    assert "Two of them" in text
    for cell in (*table.header, "int8", "tflm", "91.7 (65-99)", "(76-100)"):
        assert cell in text
    # Names that share a line stand one below the other.
    assert "litert, tflm" not in text


def test_on_a_narrow_terminal_figures_break_and_names_do_not(table):
    text = shown(table, 28)
    assert max(map(len, text.splitlines())) <= 28
    for cell in ("float32", "litert", "91.7", "(65-99)"):
        assert cell in text
    assert "91.7 (65-99)" not in text


def test_on_a_narrower_one_there_is_a_block_a_row(table):
    text = shown(table, 24)
    assert max(map(len, text.splitlines())) <= 24
    assert text.count("variant") == text.count("accuracy") == 2
    for cell in ("float32", "91.7", "(65-99)", "100.0", "(76-100)"):
        assert cell in text


def test_a_long_name_leaves_room_for_figures():
    """What a device wrote is named by its path."""
    path = "device:/a/folder/that/lies/deep/below/others/device_results.json"
    row = ("int8", f"litert, {path}", *["100.0 (76-100)"] * 3)
    header = ("variant", "runtime", "accuracy", "agreement", "survival")
    text = shown(Table("One", header, (row,)))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("(76-100)") == 3
    assert len([line for line in text.splitlines() if "accuracy" in line]) == 1
    assert path in re.sub(r"\s|\d+\.0|\(76-100\)", "", text)


def test_names_are_not_markup():
    """A file may be called net[v2].tflite."""
    name = "net[v2]"
    table = Table(name, (name, "x", "y"), ((name, name, name),), names=1)
    assert shown(table).count(name) == 5
    turned = shown(table, 20)
    assert turned.count("x ") == 1
    assert turned.count(name) == 5


def test_a_table_of_no_rows():
    empty = Table("Nothing", ("a", "b"), ())
    for terminal in (True, False):
        assert "a b" in shown(empty, 80, terminal)
