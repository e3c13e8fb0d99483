"""Silence while C++ code runs that writes to the file descriptors."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from collections.abc import Iterator
from typing import TextIO

_DESCRIPTORS = (1, 2)  # stdout and stderr
# They are the process's: of two threads that end in another order than they
# began in, one would hand back the other's file in place of the console.
_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Keeps what is written to stdout and stderr, by C++ code too.

    Holds for the whole process while it lasts, and keeps warnings to itself.
    Another thread waits for its turn.

    Yields:
        A function that returns what has been said so far.
    """
    with (
        _ONE_AT_A_TIME,
        tempfile.TemporaryFile() as said,
        contextlib.ExitStack() as stack,
    ):

        def heard() -> str:
            _flush()
            said.seek(0)
            return said.read().decode(errors="replace")

        _flush()
        for descriptor in _DESCRIPTORS:
            kept = os.dup(descriptor)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(said.fileno(), descriptor)
        # What Python code writes may go elsewhere, in a notebook or a test.
        text = stack.enter_context(
            open(os.dup(said.fileno()), "w", encoding="utf-8", buffering=1)
        )
        # Before the streams are redirected, and after they are restored: a
        # logger writes to the stream that there was when it was first used.
        stack.callback(_hand_back, text, _take(text))
        stack.enter_context(contextlib.redirect_stdout(text))
        stack.enter_context(contextlib.redirect_stderr(text))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.callback(_flush)
        yield heard


def _take(text: TextIO) -> dict[logging.StreamHandler, TextIO]:
    """Lets loggers write to `text`; returns where each handler wrote."""
    taken = {
        handler: handler.stream
        for handler in _handlers()
        if handler.stream in (sys.stdout, sys.stderr)
    }
    for handler in taken:
        handler.setStream(text)
    return taken


def _hand_back(
    text: TextIO, taken: dict[logging.StreamHandler, TextIO]
) -> None:
    for handler in _handlers():
        if handler.stream is text:
            # One that was first used meanwhile would go on writing to `text`.
            handler.setStream(taken.get(handler, sys.stderr))


def _handlers() -> list[logging.StreamHandler]:
    return [
        handler
        for logger in [logging.root, *logging.root.manager.loggerDict.values()]
        for handler in getattr(logger, "handlers", [])
        if hasattr(handler, "stream")
    ]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a console has none
            stream.flush()
