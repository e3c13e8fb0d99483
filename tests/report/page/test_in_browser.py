"""The page in a headless Chromium: what a person sees, does, and is told."""

import json
import re
import time

import pytest

import advkeras as ak
from tests.edge import browser as chromium
from tests.edge.page import axe

pytestmark = pytest.mark.slow
NAMES = [str(i) for i in range(10)]
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, test_digits):
    """A page of two models, one of which a copy stands for."""
    folder = tmp_path_factory.mktemp("page")
    run = ak.report.Run(folder, {"seed": 0, "examples": 40})
    images, labels = test_digits.sample(40, seed=0)
    attacks = {"fgsm": ak.attacks.FGSM(0.1), "lbfgs": ak.attacks.LBFGS()}
    report = ak.report.transfer_report(
        run, classifiers, attacks, images, labels
    )
    results = run.finish(report, "advkeras transfer_eval --seed=0")
    shown = [f"{attack}-{name}" for attack in attacks for name in classifiers]
    ak.report.write_page(
        folder / "index.html",
        "Do they carry over?",
        ak.report.transfer_in_words(results),
        ak.report.transfer_sections(results),
        results,
        ak.report.pictures(folder, NAMES, shown),
    )
    return folder


@pytest.fixture(scope="module")
def browser():
    if chromium.program() is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def opened(browser, made):
    """Opens the page, and waits until its script has run."""

    def opened(width=1400):
        page = browser.page((made / "index.html").as_uri(), width=width)
        ready = "!!document.querySelector('#strip button')"
        for _ in range(200):
            if page.evaluate(ready):
                return page
            time.sleep(0.1)
        raise TimeoutError(ready)

    return opened


def test_it_needs_nothing_beside_it(made):
    text = (made / "index.html").read_text("utf-8")
    assert len(text) < 2_000_000
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert "url(http" not in text and "import " not in text.split("<script")[-1]


def test_figures_are_those_of_results_json(made):
    results = json.loads((made / "results.json").read_text())
    text = (made / "index.html").read_text("utf-8")
    for matrix in results["matrices"].values():
        for row in matrix["rows"]:
            for rate in row["error"].values():
                assert f'data-value="{100 * rate["value"]!r}"' in text


@pytest.mark.parametrize("width", [1400, 390, 360])
def test_it_fits(opened, width):
    page = opened(width)
    assert page.evaluate(FITS)


def test_rows_are_sorted(opened):
    page = opened()
    read = """(() => {
        const table = document.querySelector('section[id^=part] > .wide table');
        const button = table.tHead.querySelectorAll('button.sort')[1];
        button.click();
        return Array.from(table.tBodies[0].rows, (row) =>
            Number(row.cells[1].dataset.value));
    })()"""
    values = page.evaluate(read)
    assert values == sorted(values) and len(values) == 2


def test_an_image_is_looked_at(opened):
    page = opened()
    count = "document.querySelectorAll('#strip button').length"
    assert page.evaluate(count) == 40
    said = page.evaluate(
        """(() => {
        document.querySelector('#strip button').click();
        const dialog = document.getElementById('one');
        return [dialog.open, dialog.querySelectorAll('.sprite').length,
            dialog.textContent];
    })()"""
    )
    assert said[:2] == [True, 3]
    assert "linear" in said[2] and "deep" in said[2] and "%" in said[2]
    fewer = page.evaluate(
        """(() => {
        const select = document.querySelector('select[name=Label]');
        select.value = '3';
        select.dispatchEvent(new Event('change'));
        return document.querySelectorAll('#strip button').length;
    })()"""
    )
    assert 0 < fewer < 40


def test_a_meaning_opens_at_a_tap(opened):
    page = opened()
    shown = page.evaluate(
        """(() => {
        const button = document.querySelector('button.term');
        button.click();
        const id = button.getAttribute('popovertarget');
        return document.getElementById(id).matches(':popover-open');
    })()"""
    )
    assert shown


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_bars_people(opened, width):
    if not axe.SCRIPT.is_file():
        pytest.skip("needs axe-core: make litertjs")
    page = opened(width)
    page.evaluate(axe.SCRIPT.read_text("utf-8") + "; true")
    found = page.evaluate(
        "axe.run().then((all) => all.violations.map((one) =>"
        " [one.id, one.nodes.slice(0, 3).map((node) => node.html)]))"
    )
    assert found == []
