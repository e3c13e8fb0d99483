"""Child: the process that runs a .tflite file, as its parent sees it."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import Self

import numpy as np

from advkeras import checks
from advkeras.edge.runtimes import known
from advkeras.edge.standalone import messages

# An array to send, and what to say with it.
Question = tuple[np.ndarray, dict[str, Any]]


class CannotRunError(ValueError):
    """A runtime cannot run a file; `reason` is why, on one line."""

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


class Child:
    """A .tflite file, executed by one runtime in a process of its own.

    The C++ code of an interpreter may crash on a malformed file, and may never
    end; then its process does, and a ValueError says so. Use it in a `with`
    statement, or `close` it.

    Args:
        path: The .tflite file.
        runtime: What the process is to run it with.
        threads: Threads of the interpreter; tflm has one.
        timeout: Seconds that one answer may take.
        look: What may be looked at: "output", "outputs" or "tensors"; as
            `advkeras/edge/standalone/worker.py` has it.

    Attributes:
        version: Package and version that runs the file.

    Raises:
        ValueError: There is no such file.
        CannotRunError: The runtime cannot run it; a ValueError too.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        runtime: str,
        threads: int,
        timeout: float,
        look: str,
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
        command = known.HERE[runtime].command
        self._process = subprocess.Popen(
            [*command, runtime, str(path), str(threads), look],
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
            self._opened(about)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path.name!r}, {self.runtime!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process; from any thread, any number of times."""
        with self._closing:
            self._process.kill()
            self._process.wait()
            for stream in (self._requests, self._answers, self._errors):
                # What another thread had not sent cannot be flushed now.
                with contextlib.suppress(OSError, ValueError):
                    stream.close()

    def _opened(self, about: dict[str, Any]) -> None:
        """Takes what the process says of the file, and checks it."""
        raise NotImplementedError

    def _ask(
        self, questions: Iterable[Question], answers: int
    ) -> list[np.ndarray]:
        """Sends questions, and returns the arrays that come back.

        Args:
            questions: Arrays and messages; made one by one in a thread.
            answers: How many arrays come back.
        """
        unsent: list[Exception] = []

        # While the interpreter works on one batch the next is made, and the
        # pipe holds no more than that.
        def feed() -> None:
            try:
                for array, message in questions:
                    messages.send_array(self._requests, array, **message)
            except (BrokenPipeError, ValueError):
                pass  # the process is gone; the other end says why
            except Exception as error:
                unsent.append(error)
                self._process.kill()

        feeder = threading.Thread(target=feed, daemon=True)
        with self._busy:
            if self._errors.closed:
                raise ValueError(
                    f"`{type(self).__name__}` must be running. Received: one "
                    f"that was closed, or failed before: {self!r}"
                )
            feeder.start()
            try:
                with self._watched():
                    return [
                        messages.as_array(*self._receive())
                        for _ in range(answers)
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
        # LiteRT takes the file to be too new for it, whatever is missing.
        missing = re.search(
            r"Didn't find op for builtin opcode '(\w+)'",
            "\n".join([reason, *said]),
        )
        if missing:
            reason, lines = f"{self.runtime} has no kernel for {missing[1]}", []
        elif self.runtime == "tflm" and any("failed to" in li for li in lines):
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

    def _check_numbers(self, *tensors: dict[str, Any]) -> None:
        """Raises CannotRunError unless these hold numbers as images do."""
        for tensor in tensors:
            kind, scale = np.dtype(tensor["dtype"]).kind, tensor["scale"]
            if kind not in "fiu" or not (
                scale is None or 0 < scale < float("inf")
            ):
                listed = (
                    f"{t['dtype']} of scale {t['scale']}" for t in tensors
                )
                raise self._failure(
                    "its input and output must be numbers, with a scale above "
                    f"0 if they are quantised, but are {' and '.join(listed)}"
                )
        shapes = [tensor["shape"] for tensor in tensors]
        if any(0 in shape for shape in shapes):
            maps = " to ".join(map(str, shapes))
            raise self._failure(f"it maps {maps}, which is nothing")


def _tells(line: str) -> bool:
    # Not the greetings, nor a Python traceback.
    return bool(line.strip()) and not line.startswith(
        ("INFO:", "WARNING:", "I0", "W0", "Traceback", " ")
    )
