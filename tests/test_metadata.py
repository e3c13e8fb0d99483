"""What the package says of itself, in several files, agrees."""

import re
import tomllib
from pathlib import Path

import pytest

import advkeras as ak

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text(name):
    return (ROOT / name).read_text("utf-8")


def test_the_citation_is_of_this_version():
    (version,) = re.findall(r"^version: (.+)$", text("CITATION.cff"), re.M)
    assert version == ak.__version__


def test_the_changes_begin_with_this_version():
    first = re.search(r"^## (\d+\.\d+\.\d+)", text("CHANGELOG.md"), re.M)
    assert first[1] == ak.__version__


def test_the_authors_are_the_same_everywhere():
    (author,) = PROJECT["authors"]
    assert author == {"name": "the advkeras authors"}
    assert f"- name: {author['name']}\n" in text("CITATION.cff")


def test_the_licence_is_the_same_everywhere():
    assert f"license: {PROJECT['license']}\n" in text("CITATION.cff")
    assert "Apache License" in text("LICENSE")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_commands_and_files_that_are_named_are_there(name):
    said = text(name)
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.M))
    assert set(re.findall(r"^make ([a-z-]+)", said, re.M)) <= targets
    named = re.findall(r"`((?:tests|advkeras|apps|docs)/[\w/.]*)`", said)
    assert all((ROOT / path).exists() for path in named)


def test_extras_of_an_extra_are_there():
    extras = PROJECT["optional-dependencies"]
    listed = re.findall(r"advkeras\[([\w,-]+)\]", str(extras))
    assert set(",".join(listed).split(",")) <= set(extras)


def test_a_python_that_is_listed_is_one_that_is_taken():
    oldest = int(PROJECT["requires-python"].removeprefix(">=3."))
    listed = re.findall(r"Python :: 3\.(\d+)", str(PROJECT["classifiers"]))
    assert listed
    assert min(map(int, listed)) == oldest
