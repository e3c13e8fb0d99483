"""apps.lift: a file lifted and compared, and what can go wrong."""

import json

import numpy as np
import pytest

import advkeras as ak
from advkeras import files
from advkeras.edge.lift import read
from advkeras.edge.lift.samples import samples
from tests.edge import strangers
from tests.edge.lift import handmade


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A net that nobody trained, as .tflite files."""
    net = ak.models.build("fc10", seed=0)
    images = np.random.default_rng(0).random((20, *net.input_shape[1:]))
    folder = tmp_path_factory.mktemp("lift")
    return ak.edge.export(net, folder, ("float32", "int8"), images)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def arguments(exported, output):
    return [
        f"--tflite={exported['int8']}",
        "--dataset=mnist5k",
        "--examples=40",
        "--inspected=4",
        "--seed=5",
        f"--output={output}",
    ]


def results(folder):
    return json.loads((folder / "results.json").read_text())


@pytest.mark.slow
def test_the_whole_way_in_a_process_of_its_own(start_app, arguments, output):
    ended = start_app("lift", *arguments)
    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert "FULLY_CONNECTED" in ended.out
    assert results(output)["agreements"]["int8"]["n"] == 40


def test_what_is_written_is_the_agreement(run_app, arguments, output, exported):
    ended = run_app("lift", *arguments)
    assert (ended.code or 0) == 0
    found = results(output)
    path = exported["int8"]
    graph = read(path)
    data = samples(graph, "mnist5k", 40, seed=5)
    expected = ak.edge.agreement(path, data.images, inspected=4).to_json()
    assert found["agreements"]["int8"] == json.loads(json.dumps(expected))
    assert found["settings"]["tflite_sha256"]["int8"] == files.sha256(path)
    assert found["settings"]["data_fingerprint"] == {"int8": data.fingerprint}
    assert "tensorflow" in found["versions"]
    assert "--seed=5" in found["command"]
    lines = ended.out.splitlines()
    for one in found["agreements"]["int8"]["operators"]:
        assert any(f"{one['index']} {one['name']}" in li for li in lines)
    (said,) = [line for line in lines if line.startswith("Output ")]
    assert "the same class for" in said and "step" in said
    assert any(li.startswith("Operator by operator, on 4") for li in lines)
    page = (output / "index.html").read_text()
    assert said.split(",")[0] in page and "FULLY_CONNECTED" in page


@pytest.mark.slow
def test_called_again_it_reads_what_was_done(
    run_app, refusal, arguments, output, monkeypatch
):
    run_app("lift", *arguments)
    before = results(output)
    monkeypatch.setattr(ak.edge, "agreement", None)
    assert (run_app("lift", *arguments).code or 0) == 0
    assert results(output) == before
    message = refusal("lift", *arguments, "--examples=20")
    assert "examples: 40 there, 20 here" in message


def test_noise_needs_no_data_set(run_app, arguments, output):
    ended = run_app("lift", *arguments, "--dataset=noise", "--bounds=0,0.5")
    assert (ended.code or 0) == 0
    found = results(output)
    assert found["agreements"]["int8"]["n"] == 40
    assert found["settings"]["data_fingerprint"] == {"int8": None}


def test_a_file_of_two_inputs(run_app, refusal, output, tmp_path):
    path = tmp_path / "sum.tflite"
    shapes = [(3, 4, 5), (3, 4, 5)]
    path.write_bytes(
        handmade.of_two("ADD", ["FLOAT32"] * 2, [None] * 2, shapes)
    )
    flags = f"--tflite={path}", f"--output={output}", "--examples=30"
    message = refusal("lift", *flags, "--dataset=mnist5k")
    assert "'noise' has them" in message
    assert not output.exists()
    ended = run_app("lift", *flags, "--dataset=noise")
    assert (ended.code or 0) == 0
    found = results(output)["agreements"]["sum"]
    assert [one["name"] for one in found["operators"]] == ["ADD"]
    assert found["outputs"][0]["difference"]["values"] == 30 * 60


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--tflite=", "`tflite` must name .tflite files"),
        ("--tflite=nosuch.tflite", "`tflite` must be files"),
        ("--dataset=none", "`dataset` must be 'mnist5k' or"),
        ("--bounds=1,0", "`bounds` must be two finite numbers"),
        ("--split=nosuch", "`split` must be of train, test"),
    ],
)
def test_bad_input(refusal, arguments, output, flag, said):
    assert said in refusal("lift", *arguments, flag)
    assert not output.exists()


@pytest.mark.parametrize(
    "make",
    [
        strangers.flat,
        pytest.param(strangers.without_channels, marks=pytest.mark.slow),
    ],
)
def test_a_file_without_channels(run_app, arguments, output, tmp_path, make):
    net = make()
    path = ak.edge.export(net, tmp_path / "made", "float32")["float32"]
    ended = run_app("lift", *arguments, f"--tflite={path}")
    assert (ended.code or 0) == 0
    found = results(output)["agreements"]["float32"]
    assert found["n"] == found["outputs"][0]["top_1"]["count"] == 40


def test_a_file_for_other_images(refusal, arguments, output, tmp_path):
    wide = ak.models.build("conv-cifar10")
    other = ak.edge.export(wide, tmp_path / "wide", "float32")["float32"]
    message = refusal("lift", *arguments, f"--tflite={other}")
    assert "of shape (32, 32, 3)" in message and "(32, 32, 1)" in message
    assert not output.exists()


@pytest.mark.slow
@pytest.mark.tfds
def test_a_tfds_set_is_resized(run_app, arguments, output, tfds_dir):
    ended = run_app(
        "lift",
        *arguments,
        "--dataset=mnist",
        f"--data_dir={tfds_dir}",
        "--runtime=litert-reference",
    )
    assert (ended.code or 0) == 0
    assert (
        results(output)["agreements"]["int8"]["runtime"] == "litert-reference"
    )
