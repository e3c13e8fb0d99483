"""Rounds of the batched solver, played in one of three ways.

The ways differ in what XLA compiles, once for every number of images: which
takes a second or more, and then goes over the pixels a few times instead of
dozens.
"""

import functools
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import tensorflow as tf

# Of TensorFlow's own operations none writes a row that is not known before.
from tensorflow.compiler.tf2xla.python import xla

from advkeras.attacks.apart import apart
from advkeras.attacks.solvers.batched import steps
from advkeras.attacks.solvers.batched.judge import Limits
from advkeras.attacks.solvers.batched.judge import Newest
from advkeras.attacks.solvers.batched.judge import judge
from advkeras.attacks.solvers.batched.slots import Slots

# What XLA compiles: nothing; all of a round but the model; all rounds.
PLAIN, ROUND, LOOP = "plain", "round", "loop"
WAYS = (PLAIN, ROUND, LOOP)

_COMPILED_FROM = 128  # slots
# Of a model's operations. On a CPU what XLA makes of a convolution takes 3 to 9
# times as long as TensorFlow's own; it has no use for Python.
_NOT_FOR_XLA = ("Conv", "Pool", "PyFunc")
_FEW = 1000  # operations of a model; XLA would be long in compiling more


class Batch(NamedTuple):
    """What goes from round to round.

    Attributes:
        slots: The images.
        history: Their curvature pairs, image by image: as many rows of s as
            the memory holds, then as many of y; each round replaces one of
            each, the same for all images.
        rounds: How many there have been.
    """

    slots: Slots
    history: tf.Tensor
    rounds: tf.Tensor


class Rounds:
    """Plays rounds of one classifier.

    Args:
        evaluate: As `steps.evaluating` returns it.
        pixels: Of an image.
        memory: Curvature pairs to keep.
        norm: Of the penalty.
    """

    def __init__(
        self, evaluate: Callable[..., Any], pixels: int, memory: int, norm: str
    ):
        self._evaluate: Any = apart(
            evaluate,
            [
                tf.TensorSpec((None, pixels), tf.float32),
                tf.TensorSpec((None,), tf.int64),
            ],
        )
        self._pixels, self._memory, self._norm = pixels, memory, norm
        self._loop = tf.function(
            self._play_in_xla, jit_compile=True, autograph=False
        )
        self._fits = True  # the model is for XLA, as far as is known

    def way(self, size: int) -> str:
        """Returns the way that is best for so many images at once."""
        if size < _COMPILED_FROM:
            return PLAIN
        return LOOP if self._fits and self._for_xla else ROUND

    def without_loop(self) -> None:
        """Says that XLA could not compile the model after all."""
        self._fits = False

    @functools.cached_property
    def _for_xla(self) -> bool:
        traced = self._evaluate.get_concrete_function().graph.as_graph_def()
        nodes = [*traced.node]
        for function in traced.library.function:
            nodes += function.node_def
        kinds = {node.op for node in nodes}
        return len(nodes) <= _FEW and not any(
            word in kind for kind in kinds for word in _NOT_FOR_XLA
        )

    def play(
        self, batch: Batch, leave: tf.Tensor, limits: Limits, way: str
    ) -> Batch:
        """Goes on until no more than `leave` images are running.

        Args:
            batch: The images.
            leave: How many.
            limits: When to stop.
            way: One of `WAYS`.
        """
        if way == LOOP:
            return self._loop(batch, leave, limits)
        function = _compiled(_onward) if way == ROUND else _onward

        def play(batch: Batch) -> Batch:
            slots, newest = self._round(batch, limits, function)
            n = tf.shape(slots.target)[0]
            rows = tf.range(n) * (2 * self._memory) + self._place(batch)
            history = tf.raw_ops.InplaceUpdate(
                x=batch.history,
                i=tf.reshape(tf.stack([rows, rows + self._memory], 1), (-1,)),
                v=tf.reshape(
                    tf.stack([newest.move, newest.change], axis=1),
                    (-1, self._pixels),
                ),
            )
            return Batch(slots, history, batch.rounds + 1)

        return _until(play, batch, leave)

    def _play_in_xla(
        self, batch: Batch, leave: tf.Tensor, limits: Limits
    ) -> Batch:
        wide = (-1, 2 * self._memory, self._pixels)

        def play(batch: Batch) -> Batch:
            slots, newest = self._round(batch, limits, _onward)
            place, history = self._place(batch), batch.history
            # In place: whoever reads the history has done so by now.
            for rows, row in (
                (newest.move, place),
                (newest.change, place + self._memory),
            ):
                history = xla.dynamic_update_slice(
                    history, rows[:, None], tf.stack([0, row, 0])
                )
            return Batch(slots, history, batch.rounds + 1)

        batch = batch._replace(history=tf.reshape(batch.history, wide))
        batch = _until(play, batch, leave)
        flat = tf.reshape(batch.history, (-1, self._pixels))
        return batch._replace(history=flat)

    def _round(
        self, batch: Batch, limits: Limits, onward: Callable[..., Any]
    ) -> tuple[Slots, Newest]:
        slots = batch.slots
        wide = (-1, 2 * self._memory, self._pixels)
        return onward(
            slots,
            tf.reshape(batch.history, wide),
            self._evaluate(slots.trial, slots.target),
            self._place(batch),
            limits,
            self._norm,
        )

    def _place(self, batch: Batch) -> tf.Tensor:
        """Returns where in the history a round puts its pair."""
        return batch.rounds % self._memory


def _until(
    play: Callable[[Batch], Batch], batch: Batch, leave: tf.Tensor
) -> Batch:
    def running(*batch: Any) -> tf.Tensor:
        running = Batch(*batch).slots.running
        return tf.math.count_nonzero(running, dtype=tf.int32) > leave

    return Batch(
        *tf.while_loop(running, lambda *batch: play(Batch(*batch)), batch)
    )


def _onward(
    slots: Slots,
    history: tf.Tensor,
    answers: tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    place: tf.Tensor,
    limits: Limits,
    norm: str,
) -> tuple[Slots, Newest]:
    """Returns the images after a round, and what it adds to their pairs."""
    slots, newest = judge(slots, *answers, limits, norm)
    return steps.onward(slots, history, newest, place, norm), newest


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # One for all classifiers: XLA compiles once for images of one size.
    return tf.function(function, jit_compile=True, autograph=False)
