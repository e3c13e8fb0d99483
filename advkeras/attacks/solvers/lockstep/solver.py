"""SciPy's L-BFGS-B: the reference, one solver an image."""

import math
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import tensorflow as tf
import threadpoolctl

from advkeras import channels
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks.solvers.lockstep import greenlets
from advkeras.attacks.solvers.lockstep.search import search_c
from advkeras.attacks.solvers.penalty import penalty
from advkeras.attacks.solvers.penalty import pull
from advkeras.attacks.solvers.reasons import explained
from advkeras.attacks.solvers.solution import SMALLEST_C
from advkeras.attacks.solvers.solution import STOPS
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.classifier import Classifier


def solve(classifier: Classifier, problem: Problem) -> Solution:
    """Solves batch after batch; in a batch the solvers advance together.

    Each c starts from the solution at the largest c that succeeded so far.
    """
    # SciPy's BLAS threads and TensorFlow's wait for their next turn in busy
    # loops. On two cores they may starve each other.
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        return _solve(classifier, problem)


def _solve(classifier: Classifier, problem: Problem) -> Solution:
    solution = Solution.empty(problem.positions)
    differentiated = _differentiated(classifier)
    answer = _answering(classifier, differentiated)
    total, size = len(problem.positions), problem.batch_size
    for start in range(0, total, size):
        rows = range(start, min(start + size, total))
        found = greenlets.run(
            [_Search(problem, row).solve for row in rows], answer
        )
        solution.put(
            np.array(rows),
            Solution(
                np.stack([image.best for image in found]),
                np.array([image.c for image in found]),
                np.array([image.bracket for image in found]),
                np.array([image.evaluations for image in found]),
                np.array([image.stop for image in found]),
            ),
        )
    return explained(differentiated, problem, solution)


def _differentiated(classifier: Classifier) -> Classifier:
    # float32's rounding upsets SciPy's line search: on small dense nets float64
    # needs a quarter of the gradients. Of a convolution it costs ten times as
    # much, and finds the same.
    weights = classifier.model.weights
    if any(len(weight.shape) > 2 for weight in weights):
        return classifier
    try:
        return classifier.in_float64()
    except ValueError:
        return classifier


@dataclass(frozen=True)
class _Gradient:
    """A request for the target's loss and gradient at pixels in [0, 1]."""

    position: np.ndarray
    target: int


@dataclass(frozen=True)
class _Label:
    """A request for the model's label of a finished image."""

    position: np.ndarray


class _Search:
    """The search for one image; all that it needs of the model, it asks."""

    def __init__(self, problem: Problem, row: int):
        self.problem = problem
        self.target = int(problem.targets[row])
        self.c_start = float(problem.c_start[row])
        self.shape = problem.positions.shape[1:]
        self.origin = problem.positions[row].ravel().astype(np.float64)
        self.box = scipy.optimize.Bounds(0.0, 1.0)
        self.best = problem.positions[row]
        self.c = math.nan
        self.bracket = (0.0, math.inf)
        self.evaluations = 0
        self.stop = STOPS[0]

    def solve(self, ask: greenlets.Ask) -> "_Search":
        """Searches for c; leaves what was found in the attributes."""
        start = self.origin
        shortest = math.inf
        search = search_c(
            self.c_start, self.problem.c_rtol, smallest=SMALLEST_C
        )
        c = next(search)
        while True:
            position, stop = self._minimise(ask, c, start)
            image = position.astype(np.float32).reshape(self.shape)
            reached = ask(_Label(image)) == self.target
            length = float(np.square(position - self.origin).sum())
            if reached and length < shortest:
                start, shortest = position, length
                self.best, self.c, self.stop = image, c, stop
            elif math.isinf(shortest):
                # The best attempt is the one of smallest c.
                self.best, self.stop = image, stop
            try:
                c = search.send(reached)
            except StopIteration as end:
                self.bracket = end.value
                return self

    def _minimise(
        self, ask: greenlets.Ask, c: float, start: np.ndarray
    ) -> tuple[np.ndarray, str]:
        norm = self.problem.norm

        def objective(position: np.ndarray) -> tuple[float, np.ndarray]:
            self.evaluations += 1
            pixels = position.reshape(self.shape)
            loss, gradient = ask(_Gradient(pixels, self.target))
            r = position - self.origin
            squared = r @ r
            return (
                loss + c * penalty(norm, squared),
                gradient.ravel() + c * pull(norm, squared) * r,
            )

        result = scipy.optimize.minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=self.box,
            options={
                "maxiter": self.problem.max_iterations,
                "maxfun": 20 * self.problem.max_iterations,
                "maxcor": self.problem.memory,
                "ftol": self.problem.ftol,
                "gtol": self.problem.gtol,
            },
        )
        if result.status == 1:
            return result.x, "max_iterations"
        if result.status == 2:
            return result.x, "line_search"
        return result.x, "gtol" if "PROJECTED" in result.message else "ftol"


def _answering(
    judge: Classifier, differentiated: Classifier
) -> Callable[[Sequence[Any]], list[Any]]:
    """Returns a function that answers one round of requests in two batches."""
    loss_and_gradient = differentiated.compiled("lockstep", _build_gradient)
    numpy_dtype = differentiated.dtype.as_numpy_dtype
    lower, upper = channels.lower_upper(judge.bounds)

    def answer(requests: Sequence[Any]) -> list[Any]:
        answers: list[Any] = [None] * len(requests)
        asked = [i for i, r in enumerate(requests) if isinstance(r, _Gradient)]
        if asked:
            positions = np.stack([requests[i].position for i in asked])
            losses, gradients = loss_and_gradient(
                positions.astype(numpy_dtype),
                np.array([requests[i].target for i in asked], np.int64),
            )
            losses = losses.numpy().astype(np.float64)
            gradients = gradients.numpy().astype(np.float64)
            for row, i in enumerate(asked):
                answers[i] = (float(losses[row]), gradients[row])
        ended = [i for i, r in enumerate(requests) if isinstance(r, _Label)]
        if ended:
            positions = np.stack([requests[i].position for i in ended])
            images = (lower + (upper - lower) * positions).clip(lower, upper)
            labels = judge.predict(images)
            for row, i in enumerate(ended):
                answers[i] = labels[row]
        return answers

    return answer


def _build_gradient(classifier: Classifier) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ]
    )
    def loss_and_gradient(
        positions: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(positions)
            logits = classifier.logits(lower + (upper - lower) * positions)
            losses = objectives.cross_entropy(logits, targets)
        gradient = tape.gradient(losses, positions)
        return losses, norms.finite(gradient)

    return loss_and_gradient
