"""OpenVINO: near LiteRT where floats are float32, and silent."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge.runtimes import CannotRunError
from tests.edge import dense
from tests.edge.runtimes import battery
from tests.edge.runtimes.battery import runtimes

pytest.importorskip("openvino")


@runtimes("openvino", "openvino-f32")
def test_it_says_what_it_computes_in(variants, noise, runtime):
    """Which is the CPU's to tell, unless it was told."""
    with ak.edge.start(variants["float32"]) as session:
        expected = session.predict(noise).outputs
    with ak.edge.start(variants["float32"], runtime) as session:
        name, version, *_, precision = session.version.split()
        found = session.predict(noise).outputs
    assert name == "openvino" and version[:2] == "20"
    if runtime == "openvino-f32":
        assert precision == "(f32)"
    steps = {"(f32)": 2.0**-23, "(bf16)": 2.0**-8, "(f16)": 2.0**-11}
    off = np.abs(found - expected).max() / np.ptp(expected)
    assert off < 16 * steps[precision]
    assert precision == "(f32)" or off > steps["(f32)"] * 16


@runtimes("openvino", "openvino-f32")
@pytest.mark.parametrize("threads", [1, 2])
def test_int8_is_a_step_from_litert_at_most(variants, noise, runtime, threads):
    with ak.edge.start(variants["int8"]) as session:
        expected = session.predict(noise).outputs.astype(int)
    with ak.edge.start(variants["int8"], runtime, threads) as session:
        battery.skip_where_sums_saturate(session)
        found = session.predict(noise).outputs
    assert found.dtype == np.int8
    assert np.abs(found - expected).max() <= 1


def test_floats_are_as_near_as_another_order_of_sums(variants, noise):
    for variant in ("float32", "float16"):
        with ak.edge.start(variants[variant]) as session:
            expected = session.predict(noise).outputs
        with ak.edge.start(variants[variant], "openvino-f32") as session:
            found = session.predict(noise).outputs
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_a_file_by_another_name(dense_files, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(dense_files["int8"].read_bytes())
    images = dense.images(3)
    answers = []
    for file in (path, dense_files["int8"]):
        with ak.edge.start(file, "openvino") as session:
            answers.append(session.predict(images).outputs)
    np.testing.assert_array_equal(*answers)


def test_a_broken_file_is_named_without_lines_of_source(broken_file):
    with pytest.raises(CannotRunError) as raised:
        ak.edge.start(broken_file, "openvino")
    assert "\n" not in raised.value.reason
    assert ".cpp" not in raised.value.reason


def test_its_use_is_not_reported(dense_files, tmp_path, monkeypatch):
    """Its telemetry would keep a number for this user, and send it."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with ak.edge.start(dense_files["int8"], "openvino") as session:
        session.predict(dense.images(2))
    assert list(tmp_path.iterdir()) == []
