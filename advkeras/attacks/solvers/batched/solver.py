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
from advkeras.attacks.solvers.batched.rounds import LOOP
from advkeras.attacks.solvers.batched.rounds import PLAIN
from advkeras.attacks.solvers.batched.rounds import ROUND
from advkeras.attacks.solvers.batched.rounds import WAYS
from advkeras.attacks.solvers.batched.rounds import Batch
from advkeras.attacks.solvers.batched.rounds import Rounds
from advkeras.attacks.solvers.batched.slots import Slots
from advkeras.attacks.solvers.reasons import explained
from advkeras.attacks.solvers.solution import STOPS
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.classifier import Classifier

_PART = 4  # of the slots is free when others enter, or the rest goes on
# The part of compiled slots from which few are left: in a loop that is XLA's a
# round of all, most of them done, costs less than a plain one of the others.
_PLAIN_FROM = {ROUND: 2, LOOP: 8}


class Entrants(NamedTuple):
    """Images that take slots which are free.

    Attributes:
        slots: Which ones, (n,).
        images: (n, pixels).
        targets: Classes to aim at, (n,).
        c: The first c, (n,).
        reach: |r|^2 of an example that is known already, (n,).
    """

    slots: tf.Tensor
    images: tf.Tensor
    targets: tf.Tensor
    c: tf.Tensor
    reach: tf.Tensor


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
        self._memory = memory
        self._shape = shape
        self._pixels = int(np.prod(shape))
        evaluate = steps.evaluating(classifier, shape)
        self._rounds = Rounds(evaluate, self._pixels, memory, norm)
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
        count = tf.TensorSpec((), tf.int32)
        entrants = Entrants(
            tf.TensorSpec((None,), tf.int32),
            slots.origin,
            slots.target,
            slots.reach,
            slots.reach,
        )
        number = tf.TensorSpec((), tf.float64)
        limits = Limits(number, number, number, count)
        # Each by the way in which rounds are played; traced if it is needed.
        self.exchange, self.finish = (
            {
                way: _traced(functools.partial(function, way=way), takes)
                for way in WAYS
            }
            for function, takes in (
                (self._exchange, [batch, entrants, limits, count]),
                (self._finish, [batch, entrants, limits]),
            )
        )

    def solve(self, problem: Problem) -> Solution:
        """Solves a problem; see `solve`."""
        way = self._rounds.way(min(problem.batch_size, len(problem.positions)))
        try:
            return self._solve(problem, way)
        # What XLA cannot compile it names when it is first to run.
        except tf.errors.OpError:
            if way != LOOP:
                raise
        self._rounds.without_loop()
        return self._solve(problem, ROUND)

    def _solve(self, problem: Problem, way: str) -> Solution:
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

        def entrants(slots: np.ndarray, start: int) -> Entrants:
            rows = slice(start, start + len(slots))
            return Entrants(
                slots.astype(np.int32),
                images[rows],
                problem.targets[rows],
                problem.c_start[rows],
                problem.reach[rows],
            )

        owners = np.arange(size)  # whose slot it is
        new = entrants(owners, 0)
        batch = Batch(
            states.fresh(*new[1:], memory=self._memory),
            tf.zeros((size * 2 * self._memory, self._pixels)),
            tf.constant(0),
        )
        new, waiting = entrants(owners[:0], 0), size
        leave = size - max(1, size // _PART)
        while waiting < total:
            batch, free, found = self.exchange[way](batch, new, limits, leave)
            free = free.numpy()
            solution.put(owners[free], self._solution(found))
            free = free[: total - waiting]
            new = entrants(free, waiting)
            owners[free] = np.arange(waiting, waiting + len(free))
            waiting += len(free)
        found = self.finish[way](batch, new, limits)
        solution.put(owners, self._solution(found))
        return solution

    def _solution(self, found: tuple[tf.Tensor, ...]) -> Solution:
        position, c, low, high, evaluations, stop = (
            part.numpy() for part in found
        )
        return Solution(
            position.reshape(-1, *self._shape),
            c,
            np.stack([low, high], axis=1),
            evaluations,
            np.array(STOPS)[stop],
        )

    def _exchange(
        self,
        batch: Batch,
        new: Entrants,
        limits: Limits,
        leave: tf.Tensor,
        way: str,
    ) -> tuple[Batch, tf.Tensor, tuple[tf.Tensor, ...]]:
        """Lets images in, and goes on until no more than `leave` are running.

        Returns:
            The batch, which slots are free, and what `_found` says of them.
        """
        batch = batch._replace(slots=_enter(batch.slots, new))
        batch = self._rounds.play(batch, leave, limits, way)
        free = tf.where(~batch.slots.running)[:, 0]
        return batch, free, _found(batch.slots, free)

    def _finish(
        self, batch: Batch, new: Entrants, limits: Limits, way: str
    ) -> tuple[tf.Tensor, ...]:
        """Goes on until nobody is running; returns what `_found` says of all.

        Who is done leaves, a quarter of the images at a time: what a gradient
        of few images costs less goes to the last ones.
        """
        batch = batch._replace(slots=_enter(batch.slots, new))
        if way != PLAIN:
            left = tf.shape(batch.slots.target)[0] // _PLAIN_FROM[way]
            batch = self._rounds.play(batch, left, limits, way)
        wide = 2 * self._memory * self._pixels

        def waiting(rows: tf.Tensor, *_: Any) -> tf.Tensor:
            return tf.size(rows) > 0

        def part(rows: tf.Tensor, found: Any, batch: Batch) -> Any:
            size = tf.size(rows)
            leave = size - tf.maximum(1, size // _PART)
            batch = self._rounds.play(batch, leave, limits, PLAIN)
            slots = batch.slots
            gone = tf.cast(tf.where(~slots.running), tf.int32)
            owners = tf.gather(rows, gone)
            found = tuple(
                tf.tensor_scatter_nd_update(whole, owners, some)
                for whole, some in zip(
                    found, _found(slots, gone[:, 0]), strict=True
                )
            )
            kept = tf.where(slots.running)[:, 0]
            history = tf.gather(tf.reshape(batch.history, (-1, wide)), kept)
            left = Batch(
                _gathered(slots, kept),
                tf.reshape(history, (-1, self._pixels)),
                batch.rounds,
            )
            return tf.gather(rows, kept), found, left

        rows = tf.range(tf.shape(batch.slots.target)[0])
        start = rows, _found(batch.slots, rows), batch
        shapes = tf.nest.map_structure(
            lambda t: tf.TensorShape([None, *t.shape[1:]][: t.shape.rank]),
            start,
        )
        return tf.while_loop(waiting, part, start, shapes)[1]


def _traced(function: Callable[..., Any], signature: Any) -> Any:
    # Nothing here is for AutoGraph, and without it tracing takes half as long.
    return tf.function(function, input_signature=signature, autograph=False)


def _enter(slots: Slots, new: Entrants) -> Slots:
    """Puts new images into slots that are free."""
    fresh = states.fresh(*new[1:], memory=slots.pairs.ss.shape[1])
    return tf.nest.map_structure(
        lambda old, some: tf.tensor_scatter_nd_update(
            old, new.slots[:, None], some
        ),
        slots,
        fresh,
    )


def _found(slots: Slots, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns position, c, bracket, evaluations and stop of some slots."""
    slots = _gathered(slots, rows)
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


def _gathered(slots: Slots, rows: tf.Tensor) -> Slots:
    return tf.nest.map_structure(lambda t: tf.gather(t, rows), slots)


def _of_any_number(tensor: tf.Tensor) -> tf.TensorSpec:
    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)


def _double(value: float) -> tf.Tensor:
    return tf.constant(value, tf.float64)
