"""How a worker begins, wherever it is."""

import importlib.metadata
import os
import platform
import signal
import threading
import time

import tensorflow as tf

from advkeras.version import __version__

# Which decide the last bits of what a worker finds.
_PACKAGES = ("tensorflow", "keras", "numpy", "scipy")


def limit_threads(threads: int) -> None:
    """Gives TensorFlow so many threads, before it does anything."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def as_child(threads: int) -> None:
    """Begins a process of this machine, which ends with its parent."""
    # What stops the parent reaches it too; the parent then ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit_threads(threads)


def versions() -> dict[str, str]:
    """Returns what has to be the same on every node."""
    return {
        "python": platform.python_version(),
        "advkeras": __version__,
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _end_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
