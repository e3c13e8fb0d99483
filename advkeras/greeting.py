"""What TensorFlow's C++ half says as it is imported, left unheard."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Drops what is written to stderr while TensorFlow is first imported.

    By C++ code, to the file descriptor, before any log level counts. After
    that it says errors alone, unless TF_CPP_MIN_LOG_LEVEL was set before.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if sys.stderr is None:  # a program without a console has none
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
