"""The emulated ARM: its errors, with tools that are fakes, and it itself."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import emulation
from advkeras.edge.standalone import run_on_device

# Runs there; prints what it ran on, and writes the outputs of a model.
SCRIPT = """
import platform
import sys

import numpy as np
import run_on_device

path, kernels, images, outputs = sys.argv[1:]
with open(path, "rb") as file:
    model = run_on_device.Model(file.read(), kernels)
images = np.load(images)
np.save(outputs, model.run(run_on_device.quantize(images, model.input)))
print(platform.machine(), platform.python_version(), model.runtime, sep=";")
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Makes shell scripts that are the only tools on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def tools(**bodies):
        for name, body in bodies.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)

    return tools


@pytest.fixture
def fake_device(tmp_path):
    """A folder that looks like a device."""
    program = tmp_path.joinpath("device", "root", "usr", "bin", "python3")
    program.parent.mkdir(parents=True)
    program.touch()
    return tmp_path / "device"


@pytest.mark.parametrize("there", [(), ("dpkg",), ("apt_get",)])
def test_a_tool_that_is_missing(tools, tmp_path, there):
    tools(**dict.fromkeys(there, "exit 0"))
    missing = "dpkg" if "apt_get" in there else "apt-get"
    with pytest.raises(ValueError, match=rf"Received: no {missing}$"):
        emulation.arm_root(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_tool_that_fails_is_quoted_and_leaves_nothing(tools, tmp_path):
    tools(apt_get="echo W: old >&2; echo E: no >&2; exit 100", dpkg="exit 0")
    said = []
    with pytest.raises(ValueError, match=r"^the emulated ARM needs") as error:
        emulation.arm_root(tmp_path / "cache", python="3.11", say=said.append)
    assert "python3.11-minimal" in str(error.value)
    assert str(error.value).endswith("Received: apt-get: exit code 100; E: no")
    assert said == ["Fetching an arm64 Debian with Python 3.11"]
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["python", "litert"])
@pytest.mark.parametrize("value", ["", "3", "../2.1", "2.1 x", "latest", None])
def test_a_version_that_is_none(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"^`{name}` must .* Received: {name}"):
        emulation.arm_root(tmp_path, **{name: value})


def test_a_cache_that_cannot_be_written(tools, tmp_path):
    tools(apt_get="exit 0", dpkg="exit 0")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"`cache` must .* Received: cache='"):
        emulation.arm_root(tmp_path / "file" / "cache")


def test_an_interruption_leaves_nothing(tools, tmp_path, monkeypatch):
    def interrupted(device, *_):
        (device / "root").mkdir(parents=True)
        raise KeyboardInterrupt

    tools(apt_get="exit 0", dpkg="exit 0")
    monkeypatch.setattr(emulation, "_prepare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        emulation.arm_root(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_process_may_be_quicker(tools, tmp_path, monkeypatch):
    made = []

    def prepare(device, *_):
        # Beside the temporary folder: where the device will be.
        made.append(device.parents[1] / device.name)
        for folder in (device, *made):
            folder.mkdir()
            (folder / "root").touch()

    tools(apt_get="exit 0", dpkg="exit 0")
    monkeypatch.setattr(emulation, "_prepare", prepare)
    assert [emulation.arm_root(tmp_path / "cache")] == made
    assert list((tmp_path / "cache").iterdir()) == made
    emulation.arm_root(tmp_path / "cache")
    assert len(made) == 1


def test_the_default_cache_is_the_user_s(tmp_path, monkeypatch):
    monkeypatch.setattr(
        emulation.platformdirs, "user_cache_dir", lambda name: tmp_path / name
    )
    name = "python3.11-numpy2.4.6-litert2.1.2"
    (tmp_path / "advkeras/arm64" / name).mkdir(parents=True)
    device = emulation.arm_root(litert="2.1.2")
    assert device == tmp_path / "advkeras/arm64" / name


def test_the_command_line(tools, fake_device, tmp_path):
    tools(qemu_aarch64_static='echo "$@"; echo "$CI$PYTHONHOME" >&2')
    script = tmp_path / "script.py"
    ended = emulation.run(fake_device, script, ["--output", "some where"])
    root = fake_device / "root"
    assert ended.stdout == (
        f"-cpu cortex-a72 -L {root} {root}/usr/bin/python3 {script} "
        "--output some where\n"
    )
    assert ended.stderr == "\n"


@pytest.mark.parametrize("name", ["qemu_aarch64_static", "qemu_aarch64"])
def test_qemu_goes_by_two_names(tools, fake_device, name):
    tools(**{name: "echo here"})
    assert emulation.run(fake_device, "script.py").stdout == "here\n"


def test_qemu_of_the_device(tools, fake_device):
    tools(qemu="echo of the device")
    shutil.move(shutil.which("qemu"), fake_device / "qemu")
    assert emulation.run(fake_device, "script.py").stdout == "of the device\n"


def test_what_a_script_prints_can_appear_at_once(tools, fake_device, capfd):
    tools(qemu_aarch64="echo at once; echo INFO: something >&2")
    ended = emulation.run(fake_device, "script.py", stream=True)
    assert ended.stdout is None
    assert tuple(capfd.readouterr()) == ("at once\n", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo first >&2; echo last >&2; exit 3", "exit code 3; last"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("exec /bin/sleep 60", "not done in 0.5 s"),
        # Which would hold the pipes open.
        ("/bin/sleep 60 & exit 0", "not done in 0.5 s"),
    ],
)
def test_a_script_that_fails(tools, fake_device, body, reason):
    tools(qemu_aarch64=body)
    with pytest.raises(ValueError, match="`script` must be") as error:
        emulation.run(fake_device, "script.py", timeout=0.5)
    assert str(error.value).endswith(f"Received: script='script.py' ({reason})")


def test_no_qemu_anywhere(tools, fake_device):
    with pytest.raises(ValueError, match=r"Received: script=.*/qemu'\)$"):
        emulation.run(fake_device, "script.py")


def test_a_folder_that_is_no_device(tmp_path):
    with pytest.raises(ValueError, match=r"`device` must .* Received: device="):
        emulation.run(tmp_path, "script.py")


@pytest.mark.parametrize("timeout", [0, -1, None, float("nan")])
def test_bad_timeouts(fake_device, timeout):
    with pytest.raises(ValueError, match="`timeout` must"):
        emulation.run(fake_device, "script.py", timeout=timeout)


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    """An emulated device, made anew."""
    missing = [t for t in ("apt-get", "dpkg") if shutil.which(t) is None]
    if missing:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"needs a Debian system: no {' and no '.join(missing)}")
    return emulation.arm_root(tmp_path_factory.mktemp("arm64"))


@pytest.fixture(scope="module")
def tflite(tmp_path_factory):
    """Makes the variant of a saved model, float32 or int8: a file."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("tflite")
    digits = ak.datasets.load("mnist5k", "train[:100]").images

    def tflite(name, variant):
        path = folder / f"{name}-{variant}.tflite"
        exported = str(folder / name)
        ak.load(name).model.export(exported, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(exported)
        if variant == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [image[None]] for image in digits
            )
            converter.target_spec.supported_ops = [
                tf.lite.OpsSet.TFLITE_BUILTINS_INT8
            ]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        path.write_bytes(converter.convert())
        return path

    return tflite


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["float32", "int8"])
@pytest.mark.parametrize("name", ["m1", "conv-mnist"])
def test_a_model_there_and_here(device, tflite, tmp_path, name, variant):
    """Integer kernels agree to the bit; sums of floats in other orders."""
    path = tflite(name, variant)
    images = ak.datasets.load("mnist5k", "test").sample(50, seed=0)[0]
    np.save(tmp_path / "images.npy", images)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    shutil.copy(run_on_device.__file__, tmp_path)
    for kernels in ("AUTO", "BUILTIN_REF"):
        ended = emulation.run(
            device,
            script,
            [path, kernels, "images.npy", "outputs.npy"],
            cwd=tmp_path,
        )
        machine, python, runtime = ended.stdout.strip().split(";")
        assert (machine, python[:4]) == ("aarch64", emulation.PYTHON)
        assert runtime == f"ai_edge_litert {emulation.LITERT}"
        there = np.load(tmp_path / "outputs.npy")
        model = run_on_device.Model(path.read_bytes(), kernels)
        here = model.run(run_on_device.quantize(images, model.input))
        if variant == "int8":
            assert here.dtype == np.int8
            np.testing.assert_array_equal(there, here)
        else:
            np.testing.assert_allclose(there, here, atol=1e-4)
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.slow
def test_a_script_that_fails_there(device, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import nosuch")
    with pytest.raises(ValueError, match="No module named 'nosuch'"):
        emulation.run(device, script)
    with pytest.raises(ValueError, match="No such file or directory"):
        emulation.run(device, tmp_path / "nosuch.py")


@pytest.mark.slow
def test_the_second_time_nothing_is_needed(device, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert emulation.arm_root(device.parent) == device


@pytest.mark.slow
def test_qemu_is_fetched_where_there_is_none(device, tmp_path, monkeypatch):
    monkeypatch.setattr(emulation, "_qemu_on_path", lambda: None)
    other = emulation.arm_root(tmp_path)
    assert (other / "qemu").is_file()
    script = tmp_path / "script.py"
    script.write_text("import numpy; print(numpy.arange(3).sum())")
    assert emulation.run(other, script).stdout == "3\n"
    names = sorted(path.name for path in other.iterdir())
    assert names == ["pycache", "qemu", "root", "site"]
    assert list(Path(tmp_path).iterdir()) == [other, script]
