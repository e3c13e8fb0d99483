"""The page of a bundle in a headless Chromium, served as people serve it."""

import json
import shutil
import threading

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import devices
from advkeras.edge.export import export
from advkeras.edge.runtimes import device
from advkeras.edge.serving import Server
from advkeras.edge.standalone import run_on_device
from tests.edge import browser as chromium
from tests.edge import bundles
from tests.edge.page import axe

pytestmark = pytest.mark.slow
WIDTHS = (1400, 360)
# What a person sees without scrolling sideways.
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def browser():
    if chromium.program() is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, digits, litertjs):
    """A bundle with a page, of which one model cannot run there."""
    folder = tmp_path_factory.mktemp("page")
    names = ("float32", "int8-float-io", "int8-uint8-io", "int8")
    files = export(classifiers["deep"], folder, names, digits.images[:50])
    return bundles.make(
        folder / "bundle", classifiers["deep"], files, page=True
    )


def serve(folder, output):
    server = Server(folder, output, say=lambda line: None)
    threading.Thread(
        target=server.serve_forever, args=(0.01,), daemon=True
    ).start()
    return server


@pytest.fixture(scope="module")
def served(made, tmp_path_factory):
    server = serve(made, tmp_path_factory.mktemp("taken"))
    with server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def shown(browser, served):
    """The page, at its end."""
    page = browser.page(served.address)
    assert page.state() == ("done", "Done: 3 of 4 models ran.")
    return page


@pytest.fixture(scope="module")
def saved(shown, tmp_path_factory):
    """What it hands back."""
    return shown.downloaded("#save", tmp_path_factory.mktemp("saved"))


def test_integers_are_litert_s_bit_by_bit(saved):
    results = device.read_results(saved)
    expected = results["manifest"]["expected"]["litert"]
    found = results["models"]
    for variant in ("int8-float-io", "int8-uint8-io"):
        assert found[variant]["outputs"] == expected[variant]
    for name, values in expected["float32"].items():
        np.testing.assert_allclose(
            device.decode(found["float32"]["outputs"][name]),
            device.decode(values),
            rtol=1e-4,
            atol=1e-4,
        )
    assert found["int8"]["error"].startswith("LiteRT.js has no INT8 input")
    assert len(found["float32"]["latencies"]) == 100


def test_they_are_read_as_those_of_a_device(saved, made):
    manifest = device.read_manifest(made)
    compared = devices.compare([saved])
    read = device.read_results(saved)
    assert read["manifest"] == manifest
    # In this order people see them.
    assert list(read["models"]) == list(read["manifest"]["models"])
    assert list(read["models"]) == list(manifest["models"])
    (browser,) = (e for e in compared["executors"] if e["kind"] == "device")
    assert browser["runtime"].startswith("@litertjs/core ")
    results = compared["models"]["int8-float-io"]["results"]
    assert results[saved.stem]["outcomes"] == results["litert"]["outcomes"]
    with ak.edge.start(
        made / "int8-float-io.tflite", f"device:{saved}"
    ) as recorded:
        pixels = np.load(made / manifest["sets"][1]["file"])
        images = run_on_device.from_uint8(pixels, manifest["bounds"])
        assert recorded.predict(images).labels.shape == (len(pixels),)


def test_the_table_is_that_of_the_script(shown, saved):
    found = json.loads(saved.read_text())
    read = """Array.from(document.querySelectorAll('tbody'), (body) =>
        Array.from(body.rows, (row) =>
            Array.from(row.cells, (cell) => cell.textContent)))"""
    groups = shown.evaluate(read)
    for (head, *rows), (variant, one) in zip(
        groups, found["models"].items(), strict=True
    ):
        assert head[0].startswith(variant)
        lines = run_on_device.table(found["manifest"], variant, one)
        if "error" in one:
            assert head[0].endswith(f"cannot run here: {one['error']}")
            assert rows == [] and len(lines) == 1
            continue
        said = [" ".join(line.split()) for line in lines[2:]]
        assert [" ".join(row) for row in rows] == said[: len(rows)]
        for line in said[len(rows) :]:
            assert line in head[0]


def test_pictures_of_what_fooled_it(shown):
    captions = (
        "Array.from(document.querySelectorAll('figure'), f => f.innerText)"
    )
    assert shown.evaluate(captions)
    for caption in shown.evaluate(captions):
        assert caption.startswith("digit ") and " read as digit " in caption
    drawn = """Array.from(document.querySelectorAll('canvas'), (c) =>
        new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)
            .size)"""
    assert min(shown.evaluate(drawn)) > 10


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_there_for_everybody(browser, served, width, dark):
    if not axe.SCRIPT.is_file():
        pytest.skip("needs axe-core: make litertjs")
    page = browser.page(served.address, width, dark=dark)
    page.state()
    assert page.evaluate(FITS)
    page.evaluate(axe.SCRIPT.read_text() + "; 0")
    found = page.evaluate("axe.run(document)")
    assert [one["id"] for one in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_nothing_is_asked_of_anyone_else(shown, served):
    asked = shown.requests()
    assert any(url.endswith(".wasm") for url in asked)
    assert [url for url in asked if not url.startswith(served.address)] == []


def test_results_are_sent_where_it_came_from(shown, served, saved):
    shown.evaluate("document.getElementById('send').click()")
    said = "document.getElementById('status').textContent"
    while not shown.evaluate(f"{said}.startsWith('Handed')"):
        assert not shown.evaluate(f"{said}.startsWith('Not')")
    (kept,) = served.output.iterdir()
    assert kept.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "int8-float-io.tflite",
        "images/clean-uint8.npy",
        "litertjs/wasm/litert_wasm_internal.wasm",
        "run_on_device.py",
        "manifest.json",
    ],
)
def test_a_changed_byte_is_refused(browser, made, tmp_path, name):
    folder = shutil.copytree(made, tmp_path / "bundle")
    server = serve(folder, tmp_path / "taken")  # it was whole at the start
    content = bytearray((folder / name).read_bytes())
    content[-20] ^= 1
    (folder / name).write_bytes(content)
    with server:
        page = browser.page(server.address)
        state, status = page.state()
        server.shutdown()
    assert state == "refused" and status.startswith(f"Refused: {name} ")
    assert not page.evaluate("document.querySelector('tbody')")
    assert not [u for u in page.requests() if u.endswith("dist/index.js")][1:]


def test_a_file_that_is_not_there(browser, made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "bundle")
    server = serve(folder, tmp_path / "taken")
    (folder / "int8.tflite").unlink()
    with server:
        page = browser.page(server.address)
        assert page.state()[0] == "refused"
        server.shutdown()
