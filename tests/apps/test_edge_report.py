"""apps.edge_report: what came back from devices."""

import json

import pytest

from advkeras.edge import devices
from advkeras.edge.export import export
from advkeras.edge.runtimes import device
from advkeras.report import devices as report
from tests.edge import bundles


@pytest.fixture(scope="module")
def answers(tmp_path_factory, classifiers):
    """What a device says that answers as LiteRT does here."""
    folder = tmp_path_factory.mktemp("bundle")
    variants = export(classifiers["linear"], folder / "tflite", "float32")
    made = bundles.make(folder / "bundle", classifiers["linear"], variants)
    return bundles.answers(device.read_manifest(made))


@pytest.fixture
def paths(answers, tmp_path):
    """The results of two devices of one bundle."""
    reference = bundles.answers(answers["manifest"], "litert-reference")
    return [
        bundles.write(tmp_path / "pi4.json", answers),
        bundles.write(tmp_path / "pi5.json", reference),
    ]


def flags(paths, tmp_path):
    return [
        f"--results={','.join(map(str, paths))}",
        f"--output={tmp_path / 'report'}",
    ]


@pytest.mark.slow
def test_what_it_prints_and_writes(start_app, paths, tmp_path):
    ended = start_app("edge_report", *flags(paths, tmp_path))
    assert ended.code == 0, ended.err
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["command"].startswith("python -m apps.edge_report ")
    compared = json.loads(json.dumps(devices.compare(paths)))
    assert {key: results[key] for key in compared} == compared
    for line in report.devices_lines(results):
        assert line in ended.out
    for grid in report.devices_tables(results):
        assert grid.rows[0][0] in ended.out
    written = (tmp_path / "report" / "devices.md").read_text()
    assert written.startswith("## fc10 on devices\n")
    assert "Made by `python -m apps.edge_report" in written


def test_called_again_it_writes_again(run_app, paths, tmp_path):
    run_app("edge_report", *flags(paths[:1], tmp_path))
    assert (run_app("edge_report", *flags(paths, tmp_path)).code or 0) == 0
    page = (tmp_path / "report" / "index.html").read_text()
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert len(results["executors"]) == 4
    said, *_ = report.devices_in_words(results)
    assert said.split(", from ")[0] in page
    for table in report.devices_tables(results):
        assert table.title.split(",")[0] in page


def test_results_of_two_bundles(refusal, answers, paths, tmp_path):
    other = {**answers, "manifest": {**answers["manifest"], "seed": 9}}
    paths.append(bundles.write(tmp_path / "other.json", other))
    message = refusal("edge_report", *flags(paths, tmp_path))
    assert "`results` must all be of one bundle" in message
    assert "other.json" in message
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1}'])
def test_a_file_of_something_else(refusal, tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    message = refusal("edge_report", *flags([path], tmp_path))
    assert "`results` must be a device_results.json" in message


def test_no_results(refusal, tmp_path):
    message = refusal("edge_report", *flags([], tmp_path))
    assert "`results` must not be empty" in message
    message = refusal("edge_report", *flags([tmp_path / "a.json"], tmp_path))
    assert "`results` must be a device_results.json" in message


def test_an_output_that_cannot_be_written(refusal, paths, tmp_path):
    (tmp_path / "report").write_text("a file")
    message = refusal("edge_report", *flags(paths, tmp_path))
    assert "`output` must be a place that can be written" in message
