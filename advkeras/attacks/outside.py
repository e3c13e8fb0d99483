"""Outside: attacks are of arrays, whatever mode TensorFlow is in."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def outside_of_graphs() -> Iterator[None]:
    """Lets an attack compile its own functions, and refuses within others.

    Raises:
        ValueError: A tf.function is being traced: there are no values yet.
    """
    if not tf.executing_eagerly():
        raise ValueError(
            "an attack must be called outside of a tf.function, where images "
            "have values; `on_tensors` is for the inside. Received: a call in "
            "a graph"
        )
    eagerly = tf.config.functions_run_eagerly()
    # Asked for to look into one's own functions. Step by step an attack would
    # take hours, and its functions rely on what their signatures convert.
    if eagerly:
        tf.config.run_functions_eagerly(False)
    try:
        yield
    finally:
        if eagerly:
            tf.config.run_functions_eagerly(True)
