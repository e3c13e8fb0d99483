"""What came back from a device, or was to go there, and was damaged."""

import json
import shutil

import pytest

from advkeras.edge import devices
from advkeras.edge.runtimes import device
from advkeras.report import devices as report
from tests import damage
from tests.edge import bundles

# What may be wrong where a key belongs.
WRONG = (None, 3, "words", [], {}, [1], {"a": 1}, [{}], True)


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, variants):
    folder = tmp_path_factory.mktemp("made") / "bundle"
    chosen = {"int8": variants["int8"]}
    return bundles.make(
        folder, classifiers["deep"], chosen, runtimes=("litert",)
    )


@pytest.fixture(scope="module")
def manifest(made):
    return device.read_manifest(made)


@pytest.fixture
def own_manifest(made, tmp_path):
    """The manifest of a bundle that is whole and nobody else's."""
    return shutil.copytree(made, tmp_path / "bundle") / "manifest.json"


def show(path):
    """All that is made of the results of devices."""
    found = json.loads(json.dumps(devices.compare([path])))
    report.devices_markdown(found)
    report.devices_tables(found)
    report.devices_lines(found)


def expect(manifest_path):
    found = devices.expected(device.read_manifest(manifest_path.parent))
    report.devices_markdown(json.loads(json.dumps(found)))


def assert_one_line(read, path, name):
    with pytest.raises(ValueError, match=f"`{name}` must be a ") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))
    assert str(path if name == "results" else path.parent) in str(caught.value)


@pytest.mark.parametrize("how", damage.JSON)
def test_results_that_are_damaged(manifest, tmp_path, how):
    path = bundles.write(tmp_path / "pi.json", bundles.answers(manifest))
    show(path)
    damage.JSON[how](path)
    assert_one_line(show, path, "results")


@pytest.mark.parametrize("how", damage.JSON)
def test_a_manifest_that_is_damaged(own_manifest, how):
    expect(own_manifest)
    damage.JSON[how](own_manifest)
    assert_one_line(expect, own_manifest, "folder")


def places(value, path=()):
    """Yields where the keys and the first items of JSON values are."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))


def damaged(values):
    """Yields values with one thing less or otherwise, and what that is."""
    whole = json.dumps(values)
    for path in places(values):
        for wrong in ("gone", *WRONG):
            changed = json.loads(whole)  # which copies sooner than a copy
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            if wrong == "gone":
                del inner[path[-1]]
            else:
                inner[path[-1]] = wrong
            yield (path, wrong), changed


def assert_read_or_refused(read, path, values, name):
    """It may be none the worse for it; else one line says so."""
    refused = 0
    for what, changed in damaged(values):
        bundles.write(path, changed)
        try:
            read(path)
        except ValueError as error:
            assert f"`{name}` must " in str(error), what
            assert "\n" not in str(error), what
            refused += 1
        except Exception as error:
            raise AssertionError(what) from error
    return refused


def test_results_with_anything_else_anywhere(manifest, tmp_path):
    answers = bundles.answers(manifest)
    path = tmp_path / "pi.json"
    assert assert_read_or_refused(show, path, answers, "results") > 300


def test_a_manifest_with_anything_else_anywhere(manifest, own_manifest):
    refused = assert_read_or_refused(expect, own_manifest, manifest, "folder")
    assert refused > 100
    bundles.write(own_manifest, manifest)
    expect(own_manifest)
