"""Tables become files that other programs read."""

import csv

import pytest

from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import write

RATE = Cell("33.3 (1-91)", 100 / 3, (0.9, 90.6))


def table(name, text="a"):
    return Table("One", ("x", "rate"), ((text, RATE),), names=1, name=name)


def test_each_is_written_in_three_formats(tmp_path):
    one = table("success-fgsm")
    written = write([one], tmp_path / "tables")
    assert [path.name for path in written] == [
        "success-fgsm.csv",
        "success-fgsm.md",
        "success-fgsm.tex",
    ]
    assert sorted((tmp_path / "tables").iterdir()) == written
    assert written[1].read_text("utf-8") == one.markdown()
    assert written[2].read_text("utf-8") == one.latex()


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", 'a,"b"', "café | 数"])
def test_a_file_reads_back_to_the_last_bit(tmp_path, text):
    path, *_ = write([table("t", text)], tmp_path)
    with open(path, encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["x"] == text
    ends = [float(row[key]) for key in ("rate", "rate low", "rate high")]
    assert ends == [100 / 3, 0.9, 90.6]


def test_a_name_that_was_had_gets_a_number(tmp_path):
    written = write([table("t", "a"), table("t", "b")], tmp_path)
    assert [path.name for path in written[::3]] == ["t.csv", "t-2.csv"]
    assert "b" in written[3].read_text("utf-8")


def test_two_names_that_come_to_one_file_are_two_files(tmp_path):
    written = write([table("t/"), table("T"), table("t-2")], tmp_path)
    assert len({path.name.lower() for path in written}) == 9


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pgd(steps=40)@0.1", "pgd-steps=40-@0.1.csv"),
        ("../../etc/x", "etc-x.csv"),
        ("...", "table.csv"),
        ("", "table.csv"),
    ],
)
def test_any_name_becomes_a_file_of_the_folder(tmp_path, name, expected):
    path, *_ = write([table(name)], tmp_path)
    assert path.parent == tmp_path
    assert path.name == expected
