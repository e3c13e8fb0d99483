"""The page shows what results.json says, and nothing that it does not."""

from html.parser import HTMLParser

import pytest

import advkeras as ak
from advkeras.report import tables
from tests.report import survivals


class Page(HTMLParser):
    """What a browser would show: cells by table and row, text, pictures."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.images, self.tags, self.text = [], [], [], ""
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.in_cell = tag in ("td", "th")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif self.in_cell:
            self.tables[-1][-1].append("")
        elif tag == "img":
            self.images.append(dict(attributes)["src"])

    def handle_endtag(self, tag):
        self.in_cell &= tag not in ("td", "th")

    def handle_data(self, data):
        self.text += data
        if self.in_cell:
            self.tables[-1][-1][-1] += data


@pytest.fixture
def results(matrix):
    return {
        "command": "python -m apps.fake --seed=1",
        "settings": {},
        "versions": {"keras": "3.1.4", "numpy": "1.5.9"},
        "matrices": {"fake": matrix, "other": matrix},
        "figures": {"fake": ["fake-transfer.png"], "other": ["a.png", "b.png"]},
    }


@pytest.fixture
def write(tmp_path, results):
    """Writes a page and returns it as a browser sees it."""

    def write(title="A title", paragraphs=("One.", "Two.")):
        path = tmp_path / "index.html"
        ak.report.write_page(path, title, list(paragraphs), results)
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_every_measured_number_is_in_its_cell(write, matrix):
    page = write()
    assert len(page.tables) == 2
    for header, clean, *rows in page.tables:
        assert header == ["images made for", "distortion", "on A", "on B"]
        errors = matrix["clean_error"]
        assert clean[2:] == [tables.cell(errors[t]) for t in "AB"]
        for shown, row in zip(rows, matrix["rows"], strict=True):
            assert shown == [
                row["name"],
                f"{row['distortion']:.4f}",
                tables.cell(row["error"]["A"]),
                tables.cell(row["error"]["B"]),
            ]


def test_what_is_around_the_tables(write):
    page = write("A title", ["One sentence.", "Another one."])
    for said in (
        "A title",
        "One sentence.",
        "Another one.",
        "Fake(epsilon=0.1)",
        "n = 12",
        "python -m apps.fake --seed=1",
        "keras 3.1.4",
        "numpy 1.5.9",
    ):
        assert said in page.text
    assert page.images == ["fake-transfer.png", "a.png", "b.png"]


def test_names_are_escaped(write, matrix, results):
    nasty = "<script>alert(\"1\")</script> & 'co'"
    matrix["attack"] = nasty
    matrix["targets"][1] = nasty
    for errors in (
        matrix["clean_error"],
        *(row["error"] for row in matrix["rows"]),
    ):
        errors[nasty] = errors.pop("B")
    matrix["rows"][0]["name"] = nasty
    results["command"] = nasty
    results["figures"]["fake"] = ["m1'.png"]
    page = write(nasty, [nasty])
    assert "script" not in page.tags
    # Title and heading, paragraph, command, and in both tables the attack, a
    # column and a row.
    assert page.text.count(nasty) == 2 + 1 + 1 + 2 * 3
    assert page.tables[0][0][3] == f"on {nasty}"
    assert page.images[0] == "m1'.png"


def test_the_page_is_whole_or_not_there(tmp_path, results, write):
    write()
    before = (tmp_path / "index.html").read_bytes()
    del results["figures"]
    with pytest.raises(Exception, match="figures"):
        write("Another title")
    assert (tmp_path / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_tags_are_closed(tmp_path, write):
    write()
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    for tag in ("table", "tr", "td", "th", "h1", "h2", "p", "code", "html"):
        assert text.count(f"</{tag}>") == text.count(f"<{tag}>") + text.count(
            f"<{tag} "
        )


@pytest.fixture
def at_edge(results):
    """The same, with what survives at the edge."""
    results["edge"] = {
        "source": "m1",
        "attacks": {"fgsm": "FGSM(epsilon=0.1)"},
        "survival": survivals.survival(camera=("jpeg:75",)).to_json(),
        "figure": "survival-m1.png",
    }
    return results["edge"]


def test_without_the_edge_nothing_is_said_of_it(write):
    page = write()
    assert "On devices" not in page.text
    assert not [name for name in page.images if "survival" in name]


def test_every_cell_of_the_edge_is_on_the_page(write, at_edge):
    page = write()
    survival = ak.edge.Survival.from_json(at_edge["survival"])
    grids = ak.report.survival_grids(survival)
    assert len(page.tables) == 2 + len(grids)
    for shown, grid in zip(page.tables[2:], grids, strict=True):
        assert shown == [list(line) for line in (grid.header, *grid.rows)]
        assert grid.title in page.text
    assert "On devices: the .tflite copies of m1" in page.text
    assert page.images[-1] == "survival-m1.png"
    assert len(page.images) == 4


def test_names_at_the_edge_are_escaped(write, at_edge):
    nasty = "<script>'&\"</script>"
    row = survivals.row(nasty, "litert", 3)
    at_edge["survival"] = survivals.survival([row]).to_json()
    at_edge["source"] = nasty
    page = write()
    assert "script" not in page.tags
    for table in page.tables[2:]:
        assert table[1][0] == nasty
    assert f"copies of {nasty}" in page.text


def test_an_edge_where_nothing_was_fooled(write, at_edge):
    at_edge["survival"] = survivals.survival(fooled=0).to_json()
    assert write().tables[-1][1][2:] == ["-", "-", "-"]
