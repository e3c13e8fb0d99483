"""Interpreters in processes of their own: right answers, and bad ends."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.runtimes import Interpreter
from advkeras.edge.runtimes import known
from tests.edge import dense
from tests.edge.runtimes import battery
from tests.edge.runtimes.battery import HERE
from tests.edge.runtimes.battery import runtimes

WORKER = Path(known.HERE["litert"].command[-1])
every_runtime = runtimes()


def is_over(interpreter):
    return interpreter._process.poll() is not None


@every_runtime
def test_int8_is_what_numpy_computes(dense_files, runtime):
    images = dense.images(200, seed=1)
    outputs, sure = dense.Arithmetic(dense_files["int8"]).outputs(images)
    assert sure.mean() > 0.98
    with ak.edge.start(dense_files["int8"], runtime) as session:
        battery.skip_where_sums_saturate(session)
        found = session.predict(images)
    assert found.outputs.dtype == np.int8
    np.testing.assert_array_equal(found.outputs[sure], outputs[sure])
    assert np.abs(found.outputs - outputs).max() <= 1
    assert found.labels.dtype == np.int64
    np.testing.assert_array_equal(found.labels, found.outputs.argmax(1))


@runtimes(*HERE)
def test_float_is_what_numpy_computes(dense_files, runtime):
    images = dense.images(20, seed=1)
    kernel, bias = dense.model().get_weights()
    with ak.edge.start(dense_files["float32"], runtime) as session:
        found = session.predict(images)
        short = session.version.endswith("(bf16)")  # 8 bits, of 24
    assert found.outputs.dtype == np.float32
    expected = images.reshape(20, 16) @ kernel + bias
    close = {"atol": 0.05 if short else 1e-5}
    np.testing.assert_allclose(found.outputs, expected, **close)


@every_runtime
def test_input_is_rounded_half_to_even(dense_files, runtime):
    arithmetic = dense.Arithmetic(dense_files["int8"])
    scale = np.float32(arithmetic.given["quantization"][0])
    # Multiples of a half in float32; those that stay so when divided again.
    halves = np.arange(0.5, 255, dtype=np.float32)
    ties = halves[halves * scale / scale == halves]
    assert len(ties) > 200
    images = np.zeros((len(ties), *dense.SHAPE), np.float32)
    images[:, 0, 0, 0] = ties * scale
    even = images.copy()
    even[:, 0, 0, 0] = 2 * np.round(ties / 2) * scale
    with ak.edge.start(dense_files["int8"], runtime) as session:
        np.testing.assert_array_equal(
            session.predict(images).outputs, session.predict(even).outputs
        )
        up = session.predict(images + 0.01 * scale).outputs
        assert (session.predict(images).outputs != up).any()


@every_runtime
def test_what_the_input_cannot_hold_is_clipped(dense_files, runtime):
    wild = 1e6 * (dense.images(10) - 0.5)
    outputs, sure = dense.Arithmetic(dense_files["int8"]).outputs(wild)
    with ak.edge.start(dense_files["int8"], runtime) as session:
        battery.skip_where_sums_saturate(session)
        found = session.predict(wild).outputs
    np.testing.assert_array_equal(found[sure], outputs[sure])


@every_runtime
def test_uint8_is_int8_moved_by_128(dense_files, runtime):
    images = dense.images(30, seed=2)
    with ak.edge.start(dense_files["int8"], runtime) as session:
        signed = session.predict(images).outputs.astype(int)
    with ak.edge.start(dense_files["uint8"], runtime) as session:
        assert session.input["dtype"] == "uint8"
        found = session.predict(images).outputs
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, signed + 128)


@every_runtime
def test_bounds_up_to_255(dense_files, runtime):
    images = dense.images(30, seed=2)
    with ak.edge.start(dense_files["int8"], runtime) as session:
        small = session.predict(images).outputs.astype(int)
    with ak.edge.start(dense_files["wide"], runtime) as session:
        assert session.input["scale"] == pytest.approx(1, rel=0.02)
        found = session.predict(255 * images).outputs.astype(int)
    assert np.abs(found - small).max() <= 3


@every_runtime
@pytest.mark.parametrize("variant", ["float32", "float16", "dynamic", "int8"])
def test_an_answer_does_not_depend_on_the_batch(
    variants, noise, runtime, variant
):
    try:
        session = ak.edge.start(variants[variant], runtime)
    except CannotRunError:
        # Its kernels mix no types.
        assert runtime == "tflm" and variant in ("float16", "dynamic")
        return
    with session:
        together = session.predict(noise).outputs
        alone = [session.predict(image[None]).outputs for image in noise]
        pairs = [session.predict(noise[i : i + 3]).outputs for i in (0, 3)]
        again = session.predict(noise).outputs
    # Their product of a matrix and a vector sums in another order than that
    # of two matrices; integers have none.
    others = ("litert-optimised", "openvino", "openvino-f32")
    sums = runtime in others and variant != "int8"
    close = {"rtol": 0, "atol": 1e-5 if sums else 0}
    np.testing.assert_allclose(together, np.concatenate(alone), **close)
    np.testing.assert_allclose(together[:6], np.concatenate(pairs), **close)
    np.testing.assert_array_equal(together, again)


@pytest.mark.parametrize("n", [1, 333, 334, 335, 2 * 334 + 1])
def test_any_number_of_images(variants, n):
    images = np.random.default_rng(0).random((n, 28, 28, 1), np.float32)
    with ak.edge.start(variants["int8"]) as session:
        found = session.predict(images)
        some = session.predict(images[-1:])
    assert found.outputs.shape == (n, 10) and found.labels.shape == (n,)
    np.testing.assert_array_equal(found.outputs[-1:], some.outputs)


@every_runtime
def test_a_file_of_one_image_at_a_time(dense_files, runtime):
    images = dense.images(7)
    with ak.edge.start(dense_files["int8"], runtime) as session:
        any_number = session.predict(images).outputs
    with ak.edge.start(dense_files["one"], runtime) as session:
        assert not session.input["any_batch"]
        assert session.num_classes == dense.CLASSES
        assert session.image_shape == dense.SHAPE
        np.testing.assert_array_equal(
            session.predict(images).outputs, any_number
        )


@every_runtime
@pytest.mark.parametrize("n", [1, 3, 7])
def test_a_file_of_three_images_at_a_time(dense_files, runtime, n):
    """The last ones are filled up; and it can be asked again."""
    images = dense.images(n)
    with ak.edge.start(dense_files["int8"], runtime) as session:
        expected = session.predict(images).outputs
    with ak.edge.start(dense_files["three"], runtime) as session:
        assert session.input["shape"][0] == 3
        for _ in range(2):
            found = session.predict(images).outputs
            np.testing.assert_array_equal(found, expected)
        assert len(session.latencies(images)) == n


def test_threads_do_not_change_an_int8_answer(variants, noise):
    with ak.edge.start(variants["int8"]) as session:
        expected = session.predict(noise).outputs
    with ak.edge.start(variants["int8"], threads=2) as session:
        np.testing.assert_array_equal(session.predict(noise).outputs, expected)


@every_runtime
def test_latencies_of_each_image(dense_files, runtime):
    with ak.edge.start(dense_files["int8"], runtime) as session:
        times = session.latencies(dense.images(12))
        # The answers that follow are still those of what was asked.
        found = session.predict(dense.images(2)).outputs
    assert times.shape == (12,) and (times > 0).all() and times.max() < 1e3
    assert found.shape == (2, dense.CLASSES)


def test_many_large_answers_do_not_deadlock(many_classes):
    # 256 KB of images a message, 64 MB of scores back.
    images = np.random.default_rng(0).random((40_000, 2, 2, 1), np.float32)
    with ak.edge.start(many_classes, timeout=60) as session:
        found = session.predict(images)
        some = session.predict(images[-3:])
    assert found.outputs.shape == (40_000, 1000)
    np.testing.assert_array_equal(found.outputs[-3:], some.outputs)


def test_noise_on_stdout_does_not_come_between(dense_files, monkeypatch):
    # Of XNNPACK, of glog and of the loader, all that can be switched on.
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("TF_CPP_MAX_VLOG_LEVEL", "5")
    monkeypatch.setenv("MALLOC_CHECK_", "1")
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    with ak.edge.start(dense_files["int8"]) as session:
        assert session.predict(dense.images(3)).outputs.shape == (3, 3)


def test_wrong_files(tmp_path):
    for path in (tmp_path / "missing.tflite", tmp_path):
        with pytest.raises(ValueError, match=r"`path` must be a \.tflite"):
            ak.edge.start(path)


@runtimes(*HERE)
def test_an_empty_file(tmp_path, runtime):
    empty = tmp_path / "empty.tflite"
    empty.touch()
    with pytest.raises(CannotRunError, match=rf"that {runtime} can run"):
        ak.edge.start(empty, runtime)


def test_wrong_settings(dense_files):
    path = dense_files["int8"]
    with pytest.raises(ValueError, match=r"`runtimes` .*'tvm'"):
        ak.edge.start(path, "tvm")
    for threads in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="`threads` must be a whole"):
            ak.edge.start(path, threads=threads)
    for timeout in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="`timeout` must be a finite"):
            ak.edge.start(path, timeout=timeout)


def test_wrong_images_leave_it_running(dense_files):
    images = dense.images(2)
    nan = images.copy()
    nan[1, 0, 0, 0] = np.nan
    with ak.edge.start(dense_files["int8"]) as session:
        for wrong, said in (
            (nan, "must be finite"),
            (images[:0], "n >= 1"),
            (images[0], r"shape \(n, 4, 4, 1\)"),
            (images[:, :3], r"\(2, 3, 4, 1\)"),
            (images.astype(str), "must be numbers"),
        ):
            for job in (session.predict, session.latencies):
                with pytest.raises(ValueError, match=said):
                    job(wrong)
        assert len(session.predict(images).labels) == 2


@runtimes(*HERE)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two inputs", "one input and one output"),
        ("two outputs", "it returns"),
        ("image", "one score a class"),
        ("number", "one score a class"),
    ],
)
def test_models_that_are_no_classifiers(no_classifiers, runtime, name, said):
    with pytest.raises(CannotRunError, match=said) as raised:
        ak.edge.start(no_classifiers[name], runtime)
    assert "\n" not in str(raised.value)
    assert raised.value.reason in str(raised.value)


def test_one_answer_for_all_images_is_none(no_classifiers):
    with (
        ak.edge.start(no_classifiers["all as one"]) as session,
        pytest.raises(CannotRunError, match="3 scores for each of 5"),
    ):
        session.predict(dense.images(5))


def test_a_timeout_is_named_and_leaves_nothing(dense_files, monkeypatch):
    started = []

    class Watched(Interpreter):
        def _receive(self):
            started.append(self)
            return super()._receive()

    with pytest.raises(CannotRunError, match=r"no answer within 0\.001 s"):
        Watched(dense_files["int8"], timeout=1e-3)
    assert len(started) == 1 and is_over(started[0])


def test_a_timeout_while_it_runs(variants):
    images = np.zeros((20_000, 28, 28, 1), np.float32)
    with ak.edge.start(variants["float32"]) as session:
        os.kill(session._process.pid, signal.SIGSTOP)  # never ends
        session._timeout = 0.5
        start = time.monotonic()
        with pytest.raises(CannotRunError, match=r"no answer within 0\.5 s"):
            session.predict(images)
        assert time.monotonic() - start < 5
        assert is_over(session)
        with pytest.raises(ValueError, match="failed before"):
            session.predict(images[:1])


@pytest.mark.parametrize("job", ["predict", "latencies"])
@pytest.mark.parametrize("n", [1, 2000])
def test_killed_from_outside(variants, job, n):
    images = np.zeros((n, 28, 28, 1), np.float32)
    with ak.edge.start(variants["int8"]) as session:
        session.predict(images[:1])
        os.kill(session._process.pid, signal.SIGKILL)
        with pytest.raises(CannotRunError, match="crashed: SIGKILL"):
            getattr(session, job)(images)


@every_runtime
def test_killed_from_outside_while_it_runs(variants, runtime):
    images = np.zeros((60_000, 28, 28, 1), np.float32)
    with ak.edge.start(variants["int8"], runtime) as session:
        pid = session._process.pid
        timer = threading.Timer(0.05, os.kill, (pid, signal.SIGKILL))
        timer.start()
        with pytest.raises(CannotRunError, match="crashed: SIGKILL"):
            session.predict(images)
        timer.join()
    assert is_over(session)


ENDLESS = """
import os, sys, threading, time
sys.path.insert(0, {folder!r})
import worker
class Endless:
    def __init__(self):
        print(os.getpid(), file=sys.stderr, flush=True)
        while True:
            time.sleep(1)
worker.open_model = lambda *_: Endless()
worker.serve("litert", {path!r}, 1, "output")
"""


def test_it_ends_with_its_parent_though_the_file_does_not(dense_files):
    """Killed, the parent cannot stop it, and the pipe is not read."""
    script = ENDLESS.format(
        folder=str(WORKER.parent), path=str(dense_files["int8"])
    )
    starts = "import subprocess, sys; subprocess.run(sys.argv[1:], input=b'')"
    parent = subprocess.Popen(
        [sys.executable, "-c", starts, sys.executable, "-c", script],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stderr.readline())
    parent.kill()
    parent.wait()
    # At its end the pipe is.
    ended = threading.Thread(target=parent.stderr.read)
    ended.start()
    ended.join(20)
    if ended.is_alive():
        os.kill(pid, signal.SIGKILL)
        ended.join()
        pytest.fail("it lives on")
    parent.stderr.close()


def test_closed(dense_files):
    session = ak.edge.start(dense_files["int8"])
    session.close()
    session.close()
    assert is_over(session)
    for job in (session.predict, session.latencies):
        with pytest.raises(ValueError, match="must be running"):
            job(dense.images(1))


def test_closed_in_the_middle_of_things(variants):
    images = np.zeros((60_000, 28, 28, 1), np.float32)
    for moment in np.linspace(0, 0.02, 10):
        with ak.edge.start(variants["float32"]) as session:
            # Several at once, beside the one that `predict` does itself.
            timers = [threading.Timer(moment, session.close) for _ in range(3)]
            for timer in timers:
                timer.start()
            with pytest.raises(ValueError, match=r"SIGKILL|must be running"):
                session.predict(images)
            for timer in timers:
                timer.join()
        assert is_over(session)


def test_an_interrupt_leaves_no_answer_for_the_next_question(
    variants, monkeypatch
):
    images = np.zeros((5000, 28, 28, 1), np.float32)
    with ak.edge.start(variants["int8"]) as session:
        received = iter([None, KeyboardInterrupt()])
        real = session._receive

        def receive():
            if error := next(received):
                raise error
            return real()

        monkeypatch.setattr(session, "_receive", receive)
        with pytest.raises(KeyboardInterrupt):
            session.predict(images)
        with pytest.raises(ValueError, match="must be running"):
            session.predict(images)
        assert is_over(session)


def test_two_threads_may_ask_at_once(variants):
    random = np.random.default_rng(0)
    images = [random.random((900, 28, 28, 1), np.float32) for _ in range(4)]
    with ak.edge.start(variants["int8"]) as session:
        expected = [session.predict(some).outputs for some in images]
        found = [None] * 4

        def ask(i):
            found[i] = session.predict(images[i]).outputs

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_warning_of_open_files(dense_files):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ak.edge.start(dense_files["int8"]) as session:
            session.predict(dense.images(2))
        del session
