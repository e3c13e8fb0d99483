"""A figure of README.md that is not true any more is found."""

from advkeras.tables import Table
from tests import readme_figures

HEADER = ("variant", "runtime", "survival", "distortion")
TEXT = """Before.

<!-- quickstart: some -->

| variant | runtime | survival | distortion |
| --- | --- | ---: | ---: |
| int8 | litert, tflm | 63.2 (57-69) | 0.0629 |

After.
"""


def table(*rows, name="some"):
    return Table("how many survive", HEADER, rows, names=2, name=name)


def test_what_another_cpu_gives_is_true():
    now = table(
        ("int8", "litert", "53.7 (47.5-60.1)", "0.0630"),
        ("int8", "tflm", "75.0 (70-80)", "0.0630"),
    )
    assert readme_figures.stale(TEXT, [now]) == []


def test_what_is_far_off_is_said():
    now = table(("int8", "litert, tflm", "40.0 (35-45)", "0.0629"))
    (litert, tflm) = readme_figures.stale(TEXT, [now])
    assert litert.startswith("some, int8, litert: 63.2 (57-69) there, 40.0")
    assert "tflm" in tflm


def test_a_row_or_a_table_that_is_gone_is_said():
    gone = table(("int8", "litert", "63.2 (57-69)", "0.0629"))
    assert readme_figures.stale(TEXT, [gone]) == ["some: other rows"]
    other = table(name="other")
    said = readme_figures.stale(TEXT, [other])
    assert said == ["some: no table of the run"]


def test_what_is_written_is_true_and_leaves_the_rest():
    now = table(("int8", "tflm", "40.0 (35-45)", "0.0629"))
    text = readme_figures.written(TEXT, [now])
    assert readme_figures.stale(text, [now]) == []
    assert "| int8 | tflm | 40.0 (35-45) | 0.0629 |" in text
    assert text.startswith("Before.\n\n") and text.endswith("\n\nAfter.\n")


def test_tables_of_the_readme_are_marked():
    text = readme_figures.README.read_text("utf-8")
    assert len(readme_figures.MARKED.findall(text)) == 3
