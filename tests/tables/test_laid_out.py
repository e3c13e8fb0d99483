"""What a notebook shows of results, and what is said of them in one line."""

import html.parser

import hypothesis
import numpy as np
import pytest

import advkeras as ak
from advkeras.tables import Table
from tests.attacks.linear import grey
from tests.attacks.linear import linear
from tests.report import survivals
from tests.tables.test_table import any_tables


class Cells(html.parser.HTMLParser):
    """Reads the cells of HTML tables, a list a row; captions are rows too."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("tr", "caption"):
            self.rows.append([""] if tag == "caption" else [])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("caption", "th", "td"):
            self.rows[-1][-1] += data


def read(text):
    cells = Cells(text)
    assert not cells.open
    return cells.rows


def rows_of(table):
    return [[table.title], list(table.header), *map(list, table.rows)]


@hypothesis.given(any_tables())
def test_html_has_every_cell(table):
    # A browser takes any end of a line for "\n", as does this reader.
    assert read(table.html()) == rows_of(table)


def test_names_to_the_left_figures_to_the_right():
    text = Table("t", ("a", "b"), (("x", "1"),), names=1).html()
    assert "<td style='text-align:left'>x</td>" in text
    assert "<td style='text-align:right'>1</td>" in text


@pytest.fixture(scope="module")
def found():
    """Name -> result, and what its repr must say."""
    model, images = linear(classes=3)[0], grey(20)
    attack = ak.attacks.FGSM(0.3)
    labels = model.predict(images)
    rates = ak.evaluation.success_rates(attack(model, images, labels))
    random = np.random.default_rng(0)
    features = random.random((30, 5))
    pictures = random.random((30, 4, 4, 1))
    return {
        "rates": (rates, f"of_all={rates.of_all}"),
        "matrix": (
            ak.evaluation.transfer_matrix(
                {"A": model, "B": model}, attack, images, labels
            ),
            "FGSM(epsilon=0.3",
        ),
        "survival": (
            survivals.survival(),
            "fgsm fools on 9 of 12",
        ),
        "spectrum": (
            ak.analysis.spectrum.bounds(ak.models.load("m1"), lower=False),
            "4 layers",
        ),
        "units": (
            ak.analysis.units.compare(
                features, np.arange(30) % 3, pictures, k=4
            ),
            "5 units",
        ),
    }


NAMES = ("rates", "matrix", "survival", "spectrum", "units")


@pytest.mark.parametrize("name", NAMES)
def test_one_line_that_says_what_it_is(found, name):
    result, says = found[name]
    assert repr(result).startswith(f"{type(result).__name__}(")
    assert says in repr(result)
    assert len(repr(result)) < 250
    assert "\n" not in repr(result)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_its_tables(found, name):
    result, _ = found[name]
    tables = result.tables()
    assert read(result._repr_html_()) == [
        row for table in tables for row in rows_of(table)
    ]
    assert all(table.rows for table in tables)


def test_the_rates_are_those_found(found):
    rates, _ = found["rates"]
    (table,) = rates.tables()
    shown = {row[""]: row for row in table.records()}
    assert shown["of all"]["found"] == 100 * rates.of_all.value
    assert shown["mean linf"]["found"] == rates.mean_linf


def test_the_survival_is_that_of_the_report(found):
    survival, _ = found["survival"]
    (table,) = survival.tables()
    reported = ak.report.survival_tables(survival)[1]
    column = reported.header.index("survival (uint8)")
    there = {
        (row[0], runtime): row[column]
        for row in reported.rows
        for runtime in row[1].split(", ")
    }
    for row in table.rows:
        assert row[-1] == there[row[:2]]


def test_the_units_are_those_compared(found):
    units, _ = found["units"]
    for record in units.tables()[0].records():
        effect = units.effects[record["measure"]]
        assert (record["units"], record["directions"]) == effect.means
        assert record["delta low"] == effect.interval[0]
