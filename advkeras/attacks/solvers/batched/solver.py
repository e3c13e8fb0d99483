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

_COMPILED_FROM = 128  # slots
_PART = 4  # of the slots is free when others enter, or the rest goes on


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
        # Each for rounds that are plain, and for those that XLA compiles;
        # traced if it is needed.
        self.exchange, self.finish = (
            [
                _traced(functools.partial(function, compiled=compiled), takes)
                for compiled in (False, True)
            ]
            for function, takes in (
                (self._exchange, [batch, entrants, limits, count]),
                (self._finish, [batch, entrants, limits]),
            )
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
        # Compiled, what goes over the pixels does so a few times instead of
        # dozens. But XLA compiles anew for every number of images, which takes
        # as long as hundreds of rounds.
        compiled = size >= _COMPILED_FROM
        leave = size - max(1, size // _PART)
        while waiting < total:
            batch, free, found = self.exchange[compiled](
                batch, new, limits, leave
            )
            free = free.numpy()
            solution.put(owners[free], self._solution(found))
            free = free[: total - waiting]
            new = entrants(free, waiting)
            owners[free] = np.arange(waiting, waiting + len(free))
            waiting += len(free)
        found = self.finish[compiled](batch, new, limits)
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
        place = done % memory
        answers = self._evaluate(slots.trial, slots.target)
        play = _compiled(_play) if compiled else _play
        slots, pair = play(
            slots,
            tf.reshape(history, (n, 2 * memory, self._pixels)),
            answers,
            place,
            limits,
            self._norm,
        )
        rows = tf.range(n) * (2 * memory) + place
        history = tf.raw_ops.InplaceUpdate(
            x=history,
            i=tf.reshape(tf.stack([rows, rows + memory], axis=1), (-1,)),
            v=tf.reshape(pair, (-1, self._pixels)),
        )
        return Batch(slots, history, done + 1)

    def _exchange(
        self,
        batch: Batch,
        new: Entrants,
        limits: Limits,
        leave: tf.Tensor,
        compiled: bool,
    ) -> tuple[Batch, tf.Tensor, tuple[tf.Tensor, ...]]:
        """Lets images in, and goes on until no more than `leave` are running.

        Returns:
            The batch, which slots are free, and what `_found` says of them.
        """
        batch = batch._replace(slots=_enter(batch.slots, new))
        batch = self._rounds(batch, leave, limits, compiled)
        free = tf.where(~batch.slots.running)[:, 0]
        return batch, free, _found(batch.slots, free)

    def _finish(
        self, batch: Batch, new: Entrants, limits: Limits, compiled: bool
    ) -> tuple[tf.Tensor, ...]:
        """Goes on until nobody is running; returns what `_found` says of all.

        Who is done leaves, a quarter of the images at a time: what a gradient
        of few images costs less goes to the last ones.
        """
        batch = batch._replace(slots=_enter(batch.slots, new))
        if compiled:
            half = tf.shape(batch.slots.target)[0] // 2
            batch = self._rounds(batch, half, limits, compiled)
        wide = 2 * self._memory * self._pixels

        def waiting(rows: tf.Tensor, *_: Any) -> tf.Tensor:
            return tf.size(rows) > 0

        def part(rows: tf.Tensor, found: Any, batch: Batch) -> Any:
            size = tf.size(rows)
            leave = size - tf.maximum(1, size // _PART)
            batch = self._rounds(batch, leave, limits, compiled=False)
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


def _play(
    slots: Slots,
    history: tf.Tensor,
    answers: tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    place: tf.Tensor,
    limits: Limits,
    norm: str,
) -> tuple[Slots, tf.Tensor]:
    """Returns the images after a round, and the newest pair of each."""
    slots, newest = judge(slots, *answers, limits, norm)
    pair = tf.stack([newest.move, newest.change], axis=1)
    return steps.onward(slots, history, newest, place, norm), pair


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # One for all classifiers: XLA compiles once for images of one size.
    return tf.function(function, jit_compile=True, autograph=False)


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
