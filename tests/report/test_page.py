"""The page shows its sections and the checks, and nothing that it is not."""

from html.parser import HTMLParser

import pytest

import advkeras as ak
from advkeras.report import Section
from advkeras.report.transfer import transfer_chart
from advkeras.tables import Table

HOLDS = {
    "name": "every image has a gradient",
    "holds": True,
    "found": "On 0 of 9 images it is 0.",
    "advice": "Attack something else.",
    "source": "Someone 2018",
}
FAILS = HOLDS | {"name": "the attack moves", "holds": False}


class Page(HTMLParser):
    """What a browser would show: cells by table and row, text, pictures."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.images, self.tags, self.text = [], {}, [], ""
        self.boxes = {}
        self.in_cell, self.box = False, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.in_cell |= tag in ("td", "th")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "img":
            self.images[attributes["src"]] = attributes["alt"]
        elif tag == "div" and "checks" in attributes.get("class", ""):
            self.box = attributes["class"].split()[1]

    def handle_endtag(self, tag):
        self.in_cell &= tag not in ("td", "th")
        if tag == "div":
            self.box = None

    def handle_data(self, data):
        self.text += data
        if self.in_cell:
            self.tables[-1][-1][-1] += data
        if self.box and data.strip():
            self.boxes.setdefault(self.box, []).append(data)


def results(*checks, **others):
    made = {"A": {"model": "A", "n": 9, "checks": list(checks)}}
    return {
        "command": "python -m apps.fake --seed=1",
        "versions": {"keras": "3.1.4", "numpy": "1.5.9"},
        "checks": made,
        **others,
    }


@pytest.fixture
def write(tmp_path):
    """Writes a page and returns it as a browser sees it."""

    def write(sections=(), title="A title", said=("One.", "Two."), shown=None):
        path = tmp_path / "index.html"
        shown = results(HOLDS) if shown is None else shown
        ak.report.write_page(path, title, said, sections, shown)
        return Page(path.read_text(encoding="utf-8"))

    return write


TABLE = Table(
    "what it shows, n = 12",
    ("model", "runtime", "figure"),
    (("a", "litert, tflm", "91.7 (65-99)"), ("b", "tflm", "-")),
)


def test_every_cell_of_a_section(write, matrix):
    tables = [*ak.report.transfer_tables(matrix), TABLE]
    page = write(
        [
            Section("First", "With care.", tables[:2]),
            Section("Second", tables=tables[2:]),
        ]
    )
    assert page.tables == [
        [list(line) for line in (one.header, *one.rows)] for one in tables
    ]
    titles = [one.title for one in tables]
    for said in ("First", "With care.", "Second", *titles):
        assert said in page.text


def test_published_figures_are_set_apart_and_a_product_is_not(write, tmp_path):
    cells = (("a", "91.7 (65-99) / *93 r*", "c * r and c * 2"),)
    write([Section("First", tables=[Table("t", ("x", "y", "z"), cells)])])
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "91.7 (65-99) / <em>93 r</em>" in text
    assert "c * r and c * 2" in text


def test_a_picture_is_in_the_page_itself(write, tmp_path):
    path = tmp_path / "some.png"
    path.write_bytes(b"any bytes")
    page = write([Section("First", figures={path: "What <it> shows."})])
    source = "data:image/png;base64,YW55IGJ5dGVz"
    assert page.images == {source: "What <it> shows."}


def test_a_chart_is_drawn_and_its_figures_are_there(write, matrix):
    chart = transfer_chart("fgsm", matrix)
    page = write([Section("First", charts=[chart])])
    assert "svg" in page.tags and chart.title in page.text
    (rows,) = page.tables
    assert len(rows) == 1 + len(chart.table.rows)


def test_what_is_around_the_sections(write):
    page = write()
    for said in (
        "A title",
        "One.",
        "Two.",
        "python -m apps.fake --seed=1",
        "keras 3.1.4",
        "numpy 1.5.9",
    ):
        assert said in page.text
    assert page.tables == [] and page.images == {}


def test_checks_come_first_and_the_failed_ones_before_the_others(write):
    shown = results(HOLDS)
    shown["checks"]["B"] = {"model": "B", "n": 9, "checks": [HOLDS, FAILS]}
    page = write(shown=shown)
    assert list(page.boxes) == ["fail", "hold"]
    checks = {
        k: ak.evaluation.Checks.from_json(v) for k, v in shown["checks"].items()
    }
    assert page.boxes["fail"] == checks["B"].in_words()
    assert page.boxes["hold"] == checks["A"].in_words()
    assert page.text.index("do not trust") < page.text.index("One.")
    # No empty box where all hold.
    assert list(write().boxes) == ["hold"]


def test_of_models_that_hold_alike_there_is_one_line(write):
    shown = results(HOLDS)
    shown["checks"]["B"] = shown["checks"]["A"] | {"model": "B"}
    shown["checks"]["C"] = shown["checks"]["A"] | {"model": "C", "n": 5}
    alike, other = write(shown=shown).boxes["hold"]
    assert alike.startswith("A, B: no sign") and "on 9 images" in alike
    assert other.startswith("C: no sign")


def test_every_check_is_in_the_section_of_checks(write):
    shown = results(HOLDS, FAILS, HOLDS | {"holds": None})
    page = write([ak.report.trust_section(shown)], shown=shown)
    ((_, *rows),) = page.tables
    assert [row[2] for row in rows] == [
        "holds",
        "DOES NOT HOLD",
        "not established",
    ]
    for row in rows:
        assert row[0] == "A" and row[3:] == [HOLDS["found"], HOLDS["source"]]


def test_names_are_escaped(write):
    nasty = "<script>alert(\"1\")</script> & 'co'"
    table = Table(nasty, (nasty, "b"), ((nasty, nasty),), names=1)
    section = Section(nasty, nasty, [table])
    shown = results(FAILS | {"found": nasty}, command=nasty)
    page = write([section], nasty, [nasty], shown)
    assert page.tags.count("script") == 1  # the page's own
    # Title and heading, check, verdict; contents, heading, note and table;
    # command.
    assert page.text.count(nasty) == 2 + 1 + 1 + (3 + 4) + 1


def test_the_page_is_whole_or_not_there(tmp_path, write):
    write()
    before = (tmp_path / "index.html").read_bytes()
    with pytest.raises(KeyError, match="versions"):
        ak.report.write_page(
            tmp_path / "index.html", "A", [], [], {"checks": {}, "command": ""}
        )
    assert (tmp_path / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_tags_are_closed(tmp_path, write):
    write([Section("A", "b", [TABLE])], shown=results(HOLDS, FAILS))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    for tag in (
        *("table", "tr", "td", "th", "caption"),
        *("h1", "h2", "p", "code", "html", "div"),
    ):
        assert text.count(f"</{tag}>") == text.count(f"<{tag}>") + text.count(
            f"<{tag} "
        )
