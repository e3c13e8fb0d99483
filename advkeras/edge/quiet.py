"""Silence while C++ code runs that writes to the file descriptors."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from collections.abc import Iterator

_DESCRIPTORS = (1, 2)  # stdout and stderr


@contextlib.contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Keeps what is written to stdout and stderr, by C++ code too.

    Holds for the whole process while it lasts, and keeps warnings to itself.

    Yields:
        A function that returns what has been said so far.
    """
    with tempfile.TemporaryFile() as said, contextlib.ExitStack() as stack:

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
        stack.enter_context(contextlib.redirect_stdout(text))
        stack.enter_context(contextlib.redirect_stderr(text))
        stack.callback(_forget_handlers, list(logging.root.handlers))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.callback(_flush)
        yield heard


def _forget_handlers(known: list[logging.Handler]) -> None:
    # One that logging made itself would write into the silence ever after.
    for handler in list(logging.root.handlers):
        if handler not in known:
            logging.root.removeHandler(handler)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a console has none
            stream.flush()
