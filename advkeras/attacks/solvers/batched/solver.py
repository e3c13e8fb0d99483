"""L-BFGS for many images at once, on TensorFlow's device.

Every image has a slot, and a round asks the model once about all slots: one
batched gradient. Direction, line search, convergence and the search for c are
arithmetic on vectors over slots (`judge`, `pairs`, `search`). The host is asked
only when images leave and others take their slots.
"""

import functools
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras.attacks.solvers.batched import slots as states
from advkeras.attacks.solvers.batched import steps
from advkeras.attacks.solvers.batched.judge import Limits
from advkeras.attacks.solvers.batched.judge import judge
from advkeras.attacks.solvers.batched.slots import Slots
from advkeras.attacks.solvers.reasons import explained
from advkeras.attacks.solvers.solution import STOPS
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.classifier import Classifier

_SMALLEST_BATCH = 16  # below this a round costs the same, whatever its size
_COMPILED_FROM = 128  # slots
_EXCHANGE = 4  # this part of the slots is free when others enter


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


def solve(classifier: Classifier, problem: Problem) -> Solution:
    """Solves for all images; a slot that becomes free is taken by the next.

    Each c starts from the nearest example seen so far. The pairs of earlier
    values of c stay in use.
    """
    shape = problem.positions.shape[1:]
    solve_all = classifier.compiled(
        ("batched", shape, problem.norm, problem.memory),
        lambda c: Solver(c, shape, problem.norm, problem.memory).solve,
    )
    return explained(classifier, problem, solve_all(problem))


class Solver:
    """Rounds for one classifier and one shape of images, compiled once.

    Args:
        classifier: The model to fool.
        shape: Of an image.
        norm: Of the penalty.
        memory: Curvature pairs to keep.
    """

    def __init__(
        self,
        classifier: Classifier,
        shape: tuple[int, ...],
        norm: str,
        memory: int,
    ):
        self._evaluate = tf.function(steps.evaluating(classifier, shape))
        self._norm = norm
        self._memory = memory
        self._shape = shape
        self._pixels = int(np.prod(shape))
        one = states.fresh(
            tf.zeros((1, self._pixels)),
            tf.zeros((1,), tf.int64),
            tf.ones((1,), tf.float64),
            tf.ones((1,), tf.float64),
            memory,
        )
        slots = tf.nest.map_structure(_of_any_number, one)
        batch = Batch(
            slots,
            tf.TensorSpec((None, self._pixels), tf.float32),
            tf.TensorSpec((), tf.int32),
        )
        rows = tf.TensorSpec((None,), tf.int32)
        number = tf.TensorSpec((), tf.float64)
        count = tf.TensorSpec((), tf.int32)
        limits = Limits(number, number, number, count)
        # Plain, or partly compiled by XLA; each is traced if it is needed.
        self.rounds, self.compiled_rounds = (
            _traced(
                functools.partial(self._rounds, compiled=compiled),
                [batch, count, limits],
            )
            for compiled in (False, True)
        )
        self.keep = _traced(self._keep, [batch, rows])
        self.found = _traced(_found, [slots, rows])
        self.enter = _traced(
            _enter,
            [slots, rows, slots.origin, slots.target, slots.reach, slots.reach],
        )

    def solve(self, problem: Problem) -> Solution:
        """Solves a problem; see `solve`."""
        solution = Solution.empty(problem.positions)
        total = len(problem.positions)
        images = problem.positions.reshape(total, -1)
        limits = Limits(
            _double(problem.ftol),
            _double(problem.gtol),
            _double(problem.c_rtol),
            tf.constant(problem.max_iterations),
        )
        size = min(problem.batch_size, total)
        rows = np.arange(size)
        batch = Batch(
            states.fresh(
                images[rows],
                problem.targets[rows],
                problem.c_start[rows],
                problem.reach[rows],
                self._memory,
            ),
            tf.zeros((size * 2 * self._memory, self._pixels)),
            tf.constant(0),
        )
        owners = rows.copy()  # whose slot it is; -1 is nobody's
        waiting = size
        while True:
            leave = _leave(len(owners), total - waiting)
            # Compiled, what goes over the pixels does so a few times instead
            # of dozens. But XLA compiles anew for every number of images,
            # which takes as long as hundreds of rounds.
            many = len(owners) >= _COMPILED_FROM
            rounds = self.compiled_rounds if many else self.rounds
            batch = rounds(batch, leave, limits)
            running = batch.slots.running.numpy()
            free = np.flatnonzero(~running & (owners >= 0))
            solution.put(owners[free], self._found(batch.slots, free))
            owners[free] = -1
            free = np.flatnonzero(owners < 0)[: total - waiting]
            if len(free):
                rows = np.arange(waiting, waiting + len(free))
                slots = self.enter(
                    batch.slots,
                    free.astype(np.int32),
                    images[rows],
                    problem.targets[rows],
                    problem.c_start[rows],
                    problem.reach[rows],
                )
                batch = batch._replace(slots=slots)
                owners[free] = rows
                waiting += len(free)
            elif not running.any():
                return solution
            else:
                kept = _fewer(running)
                if len(kept) < len(owners):
                    batch = self.keep(batch, kept)
                    owners = owners[kept]

    def _found(self, slots: Slots, rows: np.ndarray) -> Solution:
        position, c, low, high, evaluations, stop = (
            found.numpy() for found in self.found(slots, rows.astype(np.int32))
        )
        return Solution(
            position.reshape(-1, *self._shape),
            c,
            np.stack([low, high], axis=1),
            evaluations,
            np.array(STOPS)[stop],
        )

    def _rounds(
        self,
        batch: Batch,
        leave: tf.Tensor,
        limits: Limits,
        compiled: bool,
    ) -> Batch:
        """Goes on until no more than `leave` images are running."""

        def running(*batch: Any) -> tf.Tensor:
            running = Batch(*batch).slots.running
            return tf.math.count_nonzero(running, dtype=tf.int32) > leave

        def play(*batch: Any) -> Batch:
            return self._round(Batch(*batch), limits, compiled)

        return Batch(*tf.while_loop(running, play, batch))

    def _round(self, batch: Batch, limits: Limits, compiled: bool) -> Batch:
        slots, history, done = batch
        n, memory = tf.shape(slots.target)[0], self._memory
        loss, gradient, lead = self._evaluate(slots.trial, slots.target)
        judged = _compiled(judge) if compiled else judge
        slots, following = judged(
            slots, loss, gradient, lead, limits, self._norm
        )
        place = done % memory
        rows = tf.range(n) * (2 * memory) + place
        history = tf.raw_ops.InplaceUpdate(
            x=history,
            i=tf.reshape(tf.stack([rows, rows + memory], axis=1), (-1,)),
            v=tf.reshape(following.pair, (-1, self._pixels)),
        )
        basis = tf.reshape(history, (n, 2 * memory, self._pixels))
        products = tf.matmul(basis, following.columns)
        pairs, weights, of_g = steps.weigh(
            slots, products, following.squared, place, self._norm
        )
        direction = tf.matmul(weights, basis)[:, 0]
        onward = _compiled(steps.trial) if compiled else steps.trial
        trial = onward(slots, direction, of_g, self._norm)
        slots = slots._replace(trial=trial, scale=-of_g, pairs=pairs)
        return Batch(slots, history, done + 1)

    def _keep(self, batch: Batch, rows: tf.Tensor) -> Batch:
        history = tf.reshape(
            batch.history, (-1, 2 * self._memory * self._pixels)
        )
        return Batch(
            tf.nest.map_structure(lambda t: tf.gather(t, rows), batch.slots),
            tf.reshape(tf.gather(history, rows), (-1, self._pixels)),
            batch.rounds,
        )


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # One for all classifiers: XLA compiles once for images of one size.
    return tf.function(function, jit_compile=True, autograph=False)


def _traced(function: Callable[..., Any], signature: Any) -> Any:
    # Nothing here is for AutoGraph, and without it tracing takes half as long.
    return tf.function(function, input_signature=signature, autograph=False)


def _enter(
    slots: Slots,
    rows: tf.Tensor,
    images: tf.Tensor,
    targets: tf.Tensor,
    c: tf.Tensor,
    reach: tf.Tensor,
) -> Slots:
    """Puts new images into slots that are free."""
    new = states.fresh(images, targets, c, reach, slots.pairs.ss.shape[1])
    return tf.nest.map_structure(
        lambda old, some: tf.tensor_scatter_nd_update(old, rows[:, None], some),
        slots,
        new,
    )


def _found(slots: Slots, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns position, c, bracket, evaluations and stop of some slots."""
    slots = tf.nest.map_structure(lambda t: tf.gather(t, rows), slots)
    here, best = slots.here, slots.best
    reached = here.margin > 0
    # Where even the last solve missed the target, what was seen before it.
    seen = ~reached & (best.squared < np.inf)
    c = tf.where(seen, slots.best_c, slots.search.c)
    return (
        tf.where(seen[:, None], best.position, here.position),
        tf.where(reached | seen, c, np.nan),
        slots.search.low,
        slots.search.high,
        slots.evaluations,
        slots.stop,
    )


def _leave(size: int, waiting: int) -> int:
    """Returns how many images may still run when the host is asked."""
    if waiting:
        return size - max(1, size // _EXCHANGE)
    # As `_fewer` can make of it: with less to leave the rounds would not end
    # before the last image does.
    return size // 2 if size // 2 >= _SMALLEST_BATCH else 0


def _fewer(running: np.ndarray) -> np.ndarray:
    """Returns the slots to keep: half of them, while that holds what runs."""
    size, needed = len(running), int(np.count_nonzero(running))
    while size // 2 >= max(needed, _SMALLEST_BATCH):
        size //= 2
    idle = np.flatnonzero(~running)[: max(0, size - needed)]
    kept = np.concatenate([np.flatnonzero(running), idle])
    return kept.astype(np.int32)


def _of_any_number(tensor: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)


def _double(value: float) -> tf.Tensor:
    return tf.constant(value, tf.float64)
