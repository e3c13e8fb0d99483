"""Apart: a model's gradient as a function of its own in an attack's graph."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

import tensorflow as tf

F = TypeVar("F", bound=Callable[..., Any])


def apart(function: F, signature: Sequence[Any] | None = None) -> F:
    """Returns a tf.function that graphs call, and do not take in.

    Within a loop, whose graph is a cycle, TensorFlow 2.21's pass for oneDNN may
    come to the gradient of a max-pooling before the pooling. It then leaves it
    to another kernel, which takes 20 times as long; of which it does so
    differs from trace to trace. A function has a graph without a cycle.

    Args:
        function: Of tensors. It may use tensors of the graph around it.
        signature: Of the tensors; None for whatever they are.
    """
    made: F = tf.function(
        function,
        input_signature=signature,
        autograph=False,
        experimental_attributes={"_noinline": True},
    )
    return made
