"""How an app begins and ends: flags, TensorFlow, one line where it is wrong."""

import importlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from absl import app
from absl import flags
from absl import logging

FLAGS = flags.FLAGS


def _import_tensorflow() -> None:
    """Imports TensorFlow without the greetings of its C++ half.

    It writes them to the file descriptor, before its log level counts.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not FLAGS["verbosity"].present:
        logging.set_verbosity(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        importlib.import_module("tensorflow")
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# What shows warnings that are not for the user of an app.
_show = warnings.showwarning


def _show_in_one_line(
    message: Any, category: type[Warning], *place: Any, **options: Any
) -> None:
    if issubclass(category, UserWarning):
        text = " ".join(str(message).split())
        print(f"warning: {text}", file=sys.stderr)
    else:
        _show(message, category, *place, **options)


def _writing(main: Callable[[], None]) -> None:
    """Runs `main`; of a disk that is full, wherever, it tells in one line."""
    from advkeras import files

    try:
        main()
    except Exception as error:
        reason = files.refusal(error)
        if reason is None or "output" not in FLAGS:
            raise
        raise ValueError(
            "`output` must be a place that can be written. "
            f"Received: output={FLAGS.output!r} ({reason})"
        ) from error


def run(main: Callable[[], None]) -> None:
    """Runs an app: flags first, then TensorFlow, then `main`."""

    def guarded(argv: list[str]) -> int:
        name = os.path.splitext(os.path.basename(argv[0]))[0]
        try:
            if argv[1:]:
                raise ValueError(
                    "only flags are expected, as in --seed=1. "
                    f"Received: {' '.join(argv[1:])}"
                )
            _import_tensorflow()
            with warnings.catch_warnings():
                warnings.showwarning = _show_in_one_line
                _writing(main)
        except ValueError as error:
            # Wrong input is one line; --verbosity=1 shows where it surfaced.
            logging.debug("%s", error, exc_info=True)
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(
                f"{name}: interrupted; call it again with the same --output "
                "and it goes on from here",
                file=sys.stderr,
            )
            return 130
        return 0

    app.run(guarded)
