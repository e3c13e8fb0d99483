"""A table gives the same cells as Markdown, CSV, LaTeX and a data frame."""

import csv
import io
import math
import re
import shutil
import subprocess

import hypothesis
import pytest
from hypothesis import strategies as st

from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import number

# What files of each format are made of, and what people call their models.
SPECIAL = st.text(
    st.sampled_from("ab9 .,;'\"|\\/-_<>[](){}*^~#$%&\n\r\t@=+"), max_size=12
)
FIGURES = st.floats(allow_nan=False) | st.integers(-(10**12), 10**12)


@st.composite
def any_tables(draw):
    """Tables of two names and two figures a row, one with an interval."""
    header = tuple(draw(SPECIAL) for _ in range(4))
    rows = []
    for _ in range(draw(st.integers(0, 3))):
        first, second, low, high = (draw(FIGURES) for _ in range(4))
        rows.append(
            (
                draw(SPECIAL),
                draw(SPECIAL),
                Cell(f"{first:.1f} ({low:.0f}-{high:.0f})", first, (low, high)),
                draw(st.sampled_from([number(second), Cell("-")])),
            )
        )
    return Table(draw(SPECIAL), header, tuple(rows))


def read(text):
    """Reads CSV: the header and the rows."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return header, rows


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


def test_markdown(table):
    assert table.markdown() == (
        "Two of them:\n"
        "\n"
        "| variant | runtime | accuracy |\n"
        "| --- | --- | ---: |\n"
        "| int8 | litert, tflm | 91.7 (65-99) |\n"
        "| float32 | litert | 100.0 (76-100) |\n"
    )


@pytest.mark.parametrize("names", [0, 1, 3])
def test_names_stand_left_and_figures_right(table, names):
    marks = Table(table.title, table.header, table.rows, names).markdown()
    assert marks.splitlines()[3].count("---:") == 3 - names


def test_a_bar_in_a_name_starts_no_cell():
    """Their file may have any name."""
    text = Table("a|b", ("it|s", "x"), (("net|v2", "1"),), names=1).markdown()
    *_, header, marks, line = text.splitlines()
    assert header == r"| it\|s | x |"
    assert line == r"| net\|v2 | 1 |"
    for one in (header, marks, line):
        assert len(re.findall(r"(?<!\\)\|", one)) == 3


def test_a_backslash_before_a_bar_stays_one():
    text = Table("t", ("x",), (("a\\|b",),), names=1).markdown()
    assert text.splitlines()[-1] == r"| a\\\|b |"


@hypothesis.given(any_tables())
def test_markdown_has_a_line_a_row(table):
    lines = table.markdown().split("\n\n")[-1].strip("\n").split("\n")
    assert len(lines) == 2 + len(table.rows)
    for line in lines:
        # Pairs of a backslash and what it stands before are no bars.
        assert re.sub(r"\\.", "", line).count("|") == 5


def test_a_table_of_no_rows():
    empty = Table("Nothing", ("a", "b"), ())
    assert empty.markdown().endswith("| --- | --- |\n")
    assert empty.csv() == "a,b\r\n"
    assert r"a & b \\" in empty.latex()
    assert empty.frame().empty


@hypothesis.given(any_tables())
def test_csv_reads_back_to_what_was_not_rounded(table):
    header, rows = read(table.csv())
    assert len(set(header)) == len(header)
    assert len(rows) == len(table.rows)
    for row, written in zip(table.rows, rows, strict=True):
        first, second, figure, *ends, last = written
        assert (first, second) == row[:2]
        assert float(figure) == row[2].value
        assert tuple(map(float, ends)) == row[2].interval
        assert last == "" if row[3] == "-" else float(last) == row[3].value


def test_pandas_reads_csv_as_the_frame_is():
    pandas = pytest.importorskip("pandas")
    table = Table(
        "t",
        ("name", "rate", "bytes", "none"),
        (
            ('a, "b"\nc', Cell("33.3 (1-91)", 100 / 3, (0.9, 90.6)), "12", "-"),
            ("d", Cell("-"), "1,234", "-"),
        ),
        names=1,
    )
    frame = table.frame()
    again = pandas.read_csv(io.StringIO(table.csv()))
    assert list(frame.columns) == list(again.columns)
    assert list(frame["name"]) == list(again["name"])
    assert list(frame["bytes"]) == list(again["bytes"]) == [12, 1234]
    for key in ("rate", "rate low", "rate high"):
        assert frame[key][0] == again[key][0]
        assert math.isnan(again[key][1])
    assert again["none"].isna().all()


def test_names_are_text_and_figures_are_numbers():
    table = Table(
        "t", ("name", "n"), (("1e5", "3"), ("007", "1.5"), ("-", "x")), names=1
    )
    assert table.records() == [
        {"name": "1e5", "n": 3},
        {"name": "007", "n": 1.5},
        {"name": "-", "n": "x"},
    ]


def test_a_heading_twice_is_two_figures():
    rate = Cell("1.0 (0-2)", 1.0, (0.0, 2.0))
    header = ("x", "a", "a", "a low", "a 2")
    table = Table("t", header, (("m", rate, "5", "6", "7"),), names=1)
    assert table.records() == [
        {
            "x": "m",
            "a": 1.0,
            "a low": 0.0,
            "a high": 2.0,
            "a 2": 5,
            "a low 2": 6,
            "a 2 2": 7,
        }
    ]


def test_latex():
    table = Table(
        "Two of them, in %",
        ("model", "rate", "n", "size", "none", "words"),
        (
            (
                "a_b",
                Cell("1.1 (0.6-2.0)", 1.1, (0.6, 2.0)),
                "9",
                "-1.25",
                "-",
                "-",
            ),
            ("[c]", Cell("-"), "12,345", number(1e-12), "-", "3 of 5"),
        ),
        names=1,
    )
    assert table.latex().splitlines() == [
        "% Two of them, in %",
        r"\begin{tabular}{lS[table-format=1.1]@{~}lS[table-format=5.0]"
        r"S[table-format=-1.2e-2]rr}",
        r"\toprule",
        r"model & \multicolumn{2}{c}{rate} & {n} & {size} & none & words \\",
        r"\midrule",
        r"a\_b & 1.1 & (0.6--2.0) & 9 & -1.25 & {-} & {-} \\",
        r"{[}c] & {-} & & 12345 & 1e-12 & {-} & {3 of 5} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@hypothesis.given(any_tables())
def test_every_line_of_latex_has_as_many_cells(table):
    lines = table.latex().splitlines()
    rows = lines[3:4] + lines[5:-2]
    assert len(rows) == 1 + len(table.rows)
    for i, row in enumerate(rows):
        ampersands = len(re.findall(r"(?<!\\)&", row))
        wide = i == 0 and bool(table.rows)
        assert ampersands == (3 if wide or not table.rows else 4)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex here")
def test_latex_compiles(tmp_path):
    """For real: every special letter at every place, figures of any size."""
    letters = "ab9 .,;'\"|\\/-_<>[](){}*^~#$%&@=+"
    texts = [*letters, *(f"{a}{a}" for a in letters), "a\n\nb"]
    figures = ("0", "-1.5", "1,234,567", "1e+08", "1.23e-12", "inf", "nan")
    rows = [
        (
            text,
            text,
            Cell("25.0 (9-53)", 25.0, (9.0, 53.0)),
            figures[i % len(figures)],
            "-",
            text,
        )
        for i, text in enumerate(texts)
    ]
    header = ("[", "*", "rate %", "n_1", "#", "")
    made = [
        Table("t", header, tuple(rows[at : at + 30]))
        for at in range(0, len(rows), 30)
    ]
    (tmp_path / "t.tex").write_text(
        "\n".join(
            [
                r"\documentclass{article}",
                r"\usepackage{booktabs,siunitx}",
                r"\begin{document}",
                *(f"{table.latex()}\n\\newpage" for table in made),
                r"\end{document}",
            ]
        ),
        "utf-8",
    )
    ended = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert ended.returncode == 0, ended.stdout[-800:]
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF")
