"""The reference has every public name, and finds where it is defined."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import advkeras as ak

ROOT = Path(__file__).parents[1]
_SPEC = importlib.util.spec_from_file_location(
    "reference", ROOT / "docs" / "reference.py"
)
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

PAGES = reference.pages()
PACKAGES = list(reference.packages())
EVERY_PACKAGE = pytest.mark.parametrize("package", PACKAGES)


def entries(text):
    return re.findall(r"^::: (\S+)$", text, re.M)


def test_every_room_has_a_page():
    rooms = {n for n in ak.__all__ if inspect.ismodule(getattr(ak, n))}
    assert {f"reference/advkeras.{room}.md" for room in rooms} <= set(PAGES)
    assert entries(PAGES["reference/index.md"]) == [
        "advkeras.classifier.Classifier",
        "advkeras.loading.load",
    ]


def test_every_package_of_a_room_that_says_what_is_public_has_one():
    found = {
        f"advkeras.{path.parent.relative_to(ROOT / 'advkeras')}"
        for path in (ROOT / "advkeras").glob("*/*/__init__.py")
        if "__all__ = " in path.read_text("utf-8")
    }
    assert {name.replace("/", ".") for name in found} <= set(PACKAGES)


@EVERY_PACKAGE
def test_every_public_name_is_on_its_page(package):
    module = importlib.import_module(package)
    text = PAGES[f"reference/{package}.md"]
    public = getattr(module, "__all__", [])
    assert reference.names_of(package) == list(public)
    for name in public:
        where = reference.origin(package, name)
        linked = f"[{where}]" in text and f"{package}.{name}" in text
        assert where in entries(text) or linked, name


@EVERY_PACKAGE
def test_a_name_is_sought_where_it_is_defined(package):
    module = importlib.import_module(package)
    for name in reference.names_of(package):
        value = getattr(module, name)
        where = reference.origin(package, name)
        if inspect.ismodule(value):
            assert where == value.__name__
        elif inspect.isclass(value) or inspect.isfunction(value):
            assert where == f"{value.__module__}.{value.__qualname__}"


def test_nothing_is_told_twice():
    told = [name for text in PAGES.values() for name in entries(text)]
    assert sorted(told) == sorted(set(told))


def test_every_page_of_docs_is_in_the_site():
    site = (ROOT / "mkdocs.yml").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f" {page.name}\n" in site, page.name


@pytest.mark.parametrize("name", reference.AROUND)
def test_links_of_the_pages_around_lead_into_the_site(name):
    """They lie beside docs/; in the site, in it."""
    linked = re.findall(r"\]\(([\w/.]+)\)", (ROOT / name).read_text("utf-8"))
    for link in linked:
        inside = link.startswith(("docs/", "examples/"))
        assert inside or link in reference.AROUND, link
        assert (ROOT / link).exists(), link
