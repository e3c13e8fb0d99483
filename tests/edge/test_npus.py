"""What Arm's compiler makes of our files, and what it cannot."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import npus

NPU = "ethos-u55-128"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ethosu") is None,
    reason="needs Arm's compiler: pip install 'advkeras[npu]'",
)


@pytest.fixture(scope="module")
def cards(classifiers, digits, tmp_path_factory):
    """Cards of the small deep net: variant -> card."""
    paths = ak.edge.export(
        classifiers["deep"],
        tmp_path_factory.mktemp("npus"),
        ("float32", "int8", "int8-float-io"),
        digits.images[:50],
        batch_size=1,
        npu=NPU,
    )
    return {name: ak.models.read_card(path) for name, path in paths.items()}


def test_integers_are_all_for_the_npu(cards, classifiers):
    found = cards["int8"]["npu"]
    assert found["npu"] == NPU
    assert found["compiler"].startswith("ethos-u-vela ")
    assert found["cpu_operators"] == {}
    assert found["npu_operators"] > 0
    # Weights are compressed, of 8 bits before; all are read once a call.
    weights = classifiers["deep"].model.count_params()
    assert weights / 4 < found["bytes"]["flash"] < 2 * weights + 10_000
    assert found["bytes"]["sram"] >= 28 * 28
    assert found["bytes"]["dram"] == 0
    assert found["cycles"] > found["bytes"]["flash"] / 128
    # The clock that is assumed makes one of the other.
    clock = found["cycles"] / found["milliseconds"]
    assert clock == pytest.approx(500e6 / 1000, rel=1e-3)


def test_what_stays_on_the_processor(cards):
    found = cards["int8-float-io"]["npu"]
    assert found["cpu_operators"] == {"QUANTIZE": 1, "DEQUANTIZE": 1}
    assert found["cycles"] == cards["int8"]["npu"]["cycles"]
    floats = cards["float32"]["npu"]
    assert floats["npu_operators"] == 0
    assert floats["cpu_operators"] == cards["float32"]["operators"]
    assert "cycles" not in floats


def test_every_npu(dense_files):
    """The names are the compiler's own."""
    command = [sys.executable, "-m", "ethosu.vela", "--help"]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    listed = said.partition("--accelerator-config {")[2].partition("}")[0]
    assert tuple("".join(listed.split()).split(",")) == npus.NPUS
    found = ak.edge.npu_report(dense_files["one"], "ethos-u85-256")
    assert found["bytes"]["dram"] > 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"npu": "ethos-u55"}, "`npu` must be one of: .* npu='ethos-u55'"),
        ({"path": "nosuch.tflite"}, r"`path` .* Received: path='nosuch.tfl"),
        ({"timeout": 0}, "`timeout` must be"),
        ({"timeout": 0.01}, r"can compile. .* \(no answer within 0.01 s\)"),
    ],
)
def test_wrong_input(dense_files, changes, said):
    arguments = {"path": dense_files["one"], "npu": NPU, **changes}
    with pytest.raises(ValueError, match=said):
        ak.edge.npu_report(**arguments)


def test_what_is_cut(dense_files, tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(dense_files["one"].read_bytes()[:900])
    with pytest.raises(ValueError, match="`path` must be a whole"):
        ak.edge.npu_report(path, NPU)


def test_a_card_says_why_and_not_where(dense_files, monkeypatch):
    def fails(path, npu, folder, timeout):
        raise npus.NotCompiledError(path, "too odd")

    monkeypatch.setattr(npus, "_compiled", fails)
    found = npus.report_or_reason(dense_files["one"], NPU)
    assert found == {"npu": NPU, "reason": "too odd"}


def test_without_the_compiler(monkeypatch, tmp_path):
    monkeypatch.setattr(npus.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'advkeras\[npu\]'"):
        ak.edge.export(
            ak.models.load("m1"),
            tmp_path / "out",
            "int8",
            np.zeros((1, 28, 28, 1)),
            npu=NPU,
        )
    assert list(tmp_path.iterdir()) == []
