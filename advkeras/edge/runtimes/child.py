"""Interpreter: a .tflite file that runs in a process of its own."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.edge.runtimes.prediction import Prediction
from advkeras.edge.standalone import messages
from advkeras.edge.standalone import run_on_device

_WORKER = Path(run_on_device.__file__).with_name("worker.py")
_BATCH_BYTES = 1 << 18  # of quantised images in a message: near the caches


class CannotRunError(ValueError):
    """A runtime cannot run a file; `reason` is why, on one line."""

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


class Interpreter:
    """A .tflite file, executed by one runtime in a process of its own.

    The C++ code of an interpreter may crash on a malformed file, and may never
    end; then its process does, and a ValueError says so. Use it in a `with`
    statement, or `close` it.

    Args:
        path: The .tflite file.
        runtime: "litert", "litert-reference" or "tflm".
        threads: Threads of the interpreter; tflm has one.
        timeout: Seconds that one answer may take.

    Attributes:
        input: The model's input: dtype, shape, scale, zero_point.
        output: The model's output, likewise.
        version: Package and version that runs the file.

    Raises:
        ValueError: There is no such file.
        CannotRunError: The runtime cannot run it; a ValueError too.
    """

    takes_float = True

    def __init__(
        self,
        path: str | os.PathLike,
        runtime: str = "litert",
        threads: int = 1,
        timeout: float = 300.0,
    ):
        checks.check_count("threads", threads)
        checks.check_positive("timeout", timeout)
        if not Path(path).is_file():
            raise ValueError(
                "`path` must be a .tflite file. "
                f"Received: path={os.fspath(path)!r}"
            )
        self.path = Path(path)
        self.runtime = runtime
        self._timeout = timeout
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # till close
        self._timed_out = False
        self._busy = threading.Lock()  # one question at a time
        self._closing = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(_WORKER), runtime, str(path), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._requests: Any = self._process.stdin
        self._answers: Any = self._process.stdout
        try:
            with self._watched():
                about, _ = self._receive()
            self.version: str = about["runtime"]
            self.input: dict[str, Any] = about["input"]
            self.output: dict[str, Any] = about["output"]
            self._check_classifies()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"Interpreter({self.path.name!r}, {self.runtime!r})"

    def __enter__(self) -> "Interpreter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.input["shape"][1:])

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.output["shape"][-1])

    @property
    def batch_size(self) -> int:
        """Images that are sent and run at a time."""
        itemsize = np.dtype(self.input["dtype"]).itemsize
        return max(1, _BATCH_BYTES // (math.prod(self.image_shape) * itemsize))

    def predict(self, images: Any) -> Prediction:
        """Runs images, (n, height, width, channels), and returns all outputs.

        Images are quantised by the file's own scale and zero point, rounded
        half to even; values that the input cannot hold are clipped.

        Raises:
            ValueError: The images do not fit, or the interpreter failed.
        """
        images = checks.check_images(images, None, self.image_shape)
        size = self.batch_size
        batches = [images[i : i + size] for i in range(0, len(images), size)]
        outputs = self._ask("run", batches)
        expected = [(len(batch), self.num_classes) for batch in batches]
        if [output.shape for output in outputs] != expected:
            raise self._failure(
                f"it must return {self.num_classes} scores for each of "
                f"{len(batches[0])} images, but returns {outputs[0].shape}"
            )
        return Prediction.of(np.concatenate(outputs))

    def latencies(self, images: Any) -> np.ndarray:
        """Returns milliseconds of each image, run one by one, warm, (n,).

        Raises:
            ValueError: As `predict`.
        """
        images = checks.check_images(images, None, self.image_shape)
        return self._ask("latencies", [images])[0]

    def close(self) -> None:
        """Ends the process; from any thread, any number of times."""
        with self._closing:
            self._process.kill()
            self._process.wait()
            for stream in (self._requests, self._answers, self._errors):
                # What another thread had not sent cannot be flushed now.
                with contextlib.suppress(OSError, ValueError):
                    stream.close()

    def _ask(self, job: str, batches: list[np.ndarray]) -> list[np.ndarray]:
        """Has a job done on batches of images, and returns the answers."""
        unsent: list[Exception] = []

        # Quantised in a thread: while the interpreter works on one batch the
        # next is made, and the pipe holds no more than that.
        def feed() -> None:
            try:
                for batch in batches:
                    inputs = run_on_device.quantize(batch, self.input)
                    messages.send_array(self._requests, inputs, job=job)
            except (BrokenPipeError, ValueError):
                pass  # the process is gone; the other end says why
            except Exception as error:
                unsent.append(error)
                self._process.kill()

        feeder = threading.Thread(target=feed, daemon=True)
        with self._busy:
            if self._errors.closed:
                raise ValueError(
                    "`Interpreter` must be running. Received: one that was "
                    f"closed, or failed before: {self!r}"
                )
            feeder.start()
            try:
                with self._watched():
                    return [
                        messages.as_array(*self._receive()) for _ in batches
                    ]
            except BaseException:
                # What is under way would else be the answer to the next call.
                self.close()
                feeder.join()
                if unsent:
                    raise unsent[0] from None
                raise

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        self._deadline = time.monotonic() + self._timeout
        try:
            received = messages.receive(self._answers)
        except ValueError:  # closed by another thread
            received = None
        if received is None:
            raise self._failure(self._how_it_ended())
        if "error" in received[0]:
            raise self._failure(received[0]["error"])
        return received

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Ends the process when an answer is not there in time."""
        self._deadline = time.monotonic() + self._timeout
        done = threading.Event()

        # One thread for all answers: one each would cost more than a small
        # model does.
        def watch() -> None:
            while not done.wait(max(0, self._deadline - time.monotonic())):
                if time.monotonic() >= self._deadline:
                    self._give_up()
                    return

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def _give_up(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            self._give_up()
            code = self._process.wait()
        if self._timed_out:
            return f"no answer within {self._timeout:g} s"
        if code < 0:
            return f"the interpreter crashed: {signal.Signals(-code).name}"
        return f"the interpreter ended with exit code {code}"

    def _failure(self, reason: str) -> CannotRunError:
        said = self._said().split("\n")
        lines = [line.strip() for line in said if _tells(line)][-2:]
        if self.runtime == "tflm" and any("failed to" in li for li in lines):
            reason = "TensorFlow Lite Micro has no kernel for this"
        reason = "; ".join([" ".join(reason.split()), *lines])
        return CannotRunError(
            f"`path` must be a .tflite file that {self.runtime} can run. "
            f"Received: path={os.fspath(self.path)!r} ({reason})",
            reason,
        )

    def _said(self) -> str:
        try:
            self._errors.seek(0)
            return self._errors.read().decode(errors="replace")
        except ValueError:  # closed by another thread
            return ""

    def _check_classifies(self) -> None:
        for what in (self.input, self.output):
            kind = np.dtype(what["dtype"]).kind
            scale = what["scale"]
            if kind not in "fiu" or not (
                scale is None or 0 < scale < float("inf")
            ):
                raise self._failure(
                    "its input and output must be numbers, with a scale above "
                    f"0 if they are quantised, but are {self.input['dtype']} "
                    f"of scale {self.input['scale']} and "
                    f"{self.output['dtype']} of scale {self.output['scale']}"
                )
        if 0 in (*self.input["shape"], *self.output["shape"]):
            raise self._failure(
                f"it maps {self.input['shape']} to {self.output['shape']}, "
                "which is nothing"
            )
        if len(self.output["shape"]) != 2 or len(self.input["shape"]) < 2:
            raise self._failure(
                "it must take images and return one score a class, (n, "
                f"classes), but maps {self.input['shape']} to "
                f"{self.output['shape']}"
            )


def _tells(line: str) -> bool:
    # Not the greetings, nor a Python traceback.
    return bool(line.strip()) and not line.startswith(
        ("INFO:", "WARNING:", "I0", "W0", "Traceback", " ")
    )
