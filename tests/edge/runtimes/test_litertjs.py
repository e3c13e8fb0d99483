"""LiteRT.js in Node: the answers of LiteRT, and what it does not take."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge.export import export
from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.runtimes import Interpreter
from advkeras.edge.runtimes import known
from advkeras.edge.runtimes import litertjs as fetching
from tests.edge import dense


@pytest.fixture(scope="module")
def integers(tmp_path_factory, classifiers, digits):
    """The small deep net in int8, with floats and with uint8 at its ends."""
    folder = tmp_path_factory.mktemp("integers")
    names = ("int8-float-io", "int8-uint8-io")
    return export(classifiers["deep"], folder, names, digits.images[:50])


def outputs(path, runtime, images):
    with ak.edge.start(path, runtime) as session:
        return session.predict(images).outputs


@pytest.mark.parametrize(
    ("variant", "dtype"),
    [("int8-float-io", np.float32), ("int8-uint8-io", np.uint8)],
)
def test_integers_are_litert_s_bit_by_bit(
    litertjs, integers, noise, variant, dtype
):
    """Of a file for any number of images, too."""
    found = outputs(integers[variant], litertjs, noise)
    assert found.dtype == dtype
    expected = outputs(integers[variant], "litert", noise)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic"])
def test_floats_are_litert_s_but_for_their_last_bits(
    litertjs, variants, noise, variant
):
    found = outputs(variants[variant], litertjs, noise)
    expected = outputs(variants[variant], "litert", noise)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert (found.argmax(1) == expected.argmax(1)).all()


def test_what_a_session_says_of_itself(litertjs, dense_files):
    with ak.edge.start(dense_files["float32"], litertjs) as session:
        assert session.version.startswith(f"@litertjs/core {known.LITERTJS} (")
        assert session.image_shape == dense.SHAPE
        assert session.input["dtype"] == "float32"
        assert session.input["scale"] is None
        times = session.latencies(dense.images(12))
        again = session.predict(dense.images(2)).outputs
    assert times.shape == (12,) and (times > 0).all()
    assert again.shape == (2, dense.CLASSES)


def test_a_uint8_file_is_given_its_scale(litertjs, dense_files):
    """Which LiteRT.js does not tell: it is read from the file."""
    images = dense.images(30)
    with ak.edge.start(dense_files["uint8"], litertjs) as session:
        found = session.predict(images)
        ends = session.input, session.output
    with ak.edge.start(dense_files["uint8"]) as session:
        np.testing.assert_array_equal(
            found.outputs, session.predict(images).outputs
        )
        for end, other in zip(
            ends, (session.input, session.output), strict=True
        ):
            for key in ("dtype", "shape", "scale", "zero_point"):
                assert end[key] == other[key]


@pytest.mark.parametrize("n", [1, 3, 7])
def test_a_file_of_three_images_at_a_time(litertjs, tmp_path, n):
    path = tmp_path / "three.tflite"
    path.write_bytes(dense.convert(dense.model(), batch=3))
    images = dense.images(n)
    expected = outputs(path, "litert", images)
    with ak.edge.start(path, litertjs) as session:
        assert session.input["shape"][0] == 3
        for _ in range(2):
            found = session.predict(images).outputs
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_integer_ends_are_refused_in_one_line(litertjs, variants):
    with pytest.raises(CannotRunError, match="int8-float-io") as raised:
        ak.edge.start(variants["int8"], litertjs)
    assert raised.value.reason.startswith("LiteRT.js has no INT8 input")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kept", [0, 3, 8, 40, 500])
def test_a_file_that_was_cut(litertjs, dense_files, tmp_path, kept):
    path = tmp_path / "cut.tflite"
    path.write_bytes(dense_files["float32"].read_bytes()[:kept])
    with pytest.raises(CannotRunError, match="that litertjs can run"):
        ak.edge.start(path, litertjs)


@pytest.mark.parametrize(
    ("name", "said"),
    [("two inputs", "one input and one output"), ("two outputs", "it returns")],
)
def test_models_of_several_ends(litertjs, no_classifiers, name, said):
    with pytest.raises(CannotRunError, match=said):
        ak.edge.start(no_classifiers[name], litertjs)


def test_it_is_ended_with_its_session(litertjs, dense_files):
    session = Interpreter(dense_files["float32"], litertjs)
    session.close()
    assert session._process.returncode is not None


def test_it_ends_where_its_parent_does(litertjs, dense_files):
    """Though nobody says so to it."""
    script = (
        "import os, sys; from advkeras.edge.runtimes import Interpreter; "
        f"child = Interpreter({str(dense_files['float32'])!r}, 'litertjs'); "
        "print(child._process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    with pytest.raises(ProcessLookupError):
        _wait_for(int(done.stdout.split()[-1]))


def test_it_ends_though_nobody_closes_its_pipe(litertjs, dense_files):
    """Who waits for a file that never ends reads no pipe."""
    command = [*known.HERE["litertjs"].command, "litertjs"]
    command += [str(dense_files["float32"]), "1", "output"]
    script = (
        "import subprocess, sys; "
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
        "child.stdout.readline(); print(child.pid, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *command],
        stdin=subprocess.PIPE,  # held open here
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        pid = int(parent.stdout.readline())
        with pytest.raises(ProcessLookupError):
            _wait_for(pid)


def _wait_for(pid, seconds=10):
    for _ in range(10 * seconds):
        os.kill(pid, 0)
        time.sleep(0.1)


def test_without_it_the_way_out_is_named(monkeypatch, dense_files, tmp_path):
    row = known.HERE["litertjs"]
    path = tmp_path / "not-there"
    gone = dataclasses.replace(row, programs=(), paths=(path,))
    monkeypatch.setitem(known.HERE, "litertjs", gone)
    assert gone.missing == [str(path)]
    assert "litertjs" not in ak.edge.installed()
    with pytest.raises(ValueError, match=r"runtimes\.litertjs\. Rec.*not-th"):
        ak.edge.start(dense_files["float32"], "litertjs")


def test_npm_is_asked_for_one_version_and_only_once(monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nmkdir -p node_modules/@litertjs/core\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = fetching.fetch(tmp_path / "cache" / "it")
    asked = json.loads((tmp_path / "cache" / "it/package.json").read_text())
    assert set(asked["dependencies"].values()) == {known.LITERTJS}
    lock = (tmp_path / "cache" / "it/package-lock.json").read_text()
    assert lock.count("sha512-") == 2 and "http" not in lock
    npm.write_text("#!/bin/sh\nexit 1\n")
    assert fetching.fetch(tmp_path / "cache" / "it") == found


def test_npm_that_fails_or_is_not_there(monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho npm error E404 >&2\nexit 3\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="exit code 3; npm error E404"):
        fetching.fetch(tmp_path / "cache")
    npm.unlink()
    with pytest.raises(ValueError, match="Received: no npm"):
        fetching.fetch(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
