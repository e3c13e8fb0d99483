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

from advkeras import greeting

from . import _common

FLAGS = flags.FLAGS


def _import_tensorflow() -> None:
    if not FLAGS["verbosity"].present:
        logging.set_verbosity(logging.ERROR)
    with greeting.unheard():
        importlib.import_module("tensorflow")


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


def _writing(main: Callable[..., int | None], words: list[str]) -> int:
    """Runs `main`; of a disk that is full, wherever, it tells in one line."""
    from advkeras import files

    try:
        return main(*words) or 0
    except Exception as error:
        reason = files.refusal(error)
        if reason is None or "output" not in FLAGS:
            raise
        raise ValueError(
            "`output` must be a place that can be written. "
            f"Received: output={FLAGS.output!r} ({reason})"
        ) from error


def _name(argv: list[str]) -> str:
    return os.path.splitext(os.path.basename(argv[0]))[0]


def _parsed(argv: list[str]) -> list[str]:
    """Returns what is left of `argv` once the flags are read.

    A wrong flag is one line and exit code 2, and help ends with 0: absl has 1
    for both.
    """
    try:
        try:
            return FLAGS(argv)
        except SystemExit:
            # --help and its kin are all that ends a run here.
            sys.stdout.flush()
    except (flags.Error, ValueError) as error:
        # Of absl's own flags, --logger_levels raises a ValueError.
        reason = " ".join(str(error).split())
        print(f"{_name(argv)}: {reason}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # It was read as far as it was wanted: --help | head.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def run(main: Callable[..., int | None], *words: str) -> None:
    """Runs an app: flags first, then TensorFlow, then `main`.

    Args:
        main: Called with the words that are no flags; may return an exit code.
        words: What these words are.
    """

    def guarded(argv: list[str]) -> int:
        name, given = _name(argv), argv[1:]
        try:
            if len(given) != len(words):
                expected = " and ".join(words) or "only flags"
                example = "" if words else ", as in --seed=1"
                raise ValueError(
                    f"{expected} are expected{example}. "
                    f"Received: {' '.join(given) or 'nothing'}"
                )
            _import_tensorflow()
            with warnings.catch_warnings():
                warnings.showwarning = _show_in_one_line
                return _writing(main, given)
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
        except RuntimeError as error:
            # What was done is kept; the exit code says that some is missing.
            if not hasattr(error, "exit_code"):
                raise
            print(f"{name}: {error}", file=sys.stderr)
            return int(error.exit_code)

    # What --help shows first.
    program = sys.modules["__main__"]
    program.__doc__ = (program.__doc__ or "").replace(
        "python -m apps.", _common.called("")
    )
    app.run(guarded, flags_parser=_parsed)
