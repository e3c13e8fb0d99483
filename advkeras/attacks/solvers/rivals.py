"""Which class is nearest: all are weighed, and those that may win are asked.

Were the model linear, an image would lie at lead / |gradient of the lead| from
a class (Moosavi-Dezfooli et al. 2016, equation 7). By that the most promising
class of each image is asked first. Its example is what the others have to beat;
weighed once more from there, most of them cannot. What took long to find is at
last walked on from.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras.attacks.solvers.penalty import pull
from advkeras.attacks.solvers.solution import SMALLEST_C
from advkeras.attacks.solvers.solution import WALKED
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.attacks.solvers.walk import STEPS
from advkeras.attacks.solvers.walk import walked
from advkeras.classifier import Classifier

Solve = Callable[[Classifier, Problem], Solution]

# A class is left that lies farther than so many times the example at hand: by
# the gradient at the image, and by that at the example. On m1, conv-mnist and
# conv-cifar10 none was left that was nearer.
_FAR_BEFORE, _FAR = 1.4, 1.2
# Of the c at which r should have the length in question, where a search for it
# begins: an r that comes from well inside a class ends up shorter.
_BELOW = 0.25
# A first solve of more gradients than this went a winding way, and others may
# lead to a nearer end: a walk looks for one.
_WINDING = 40
_ROUGHLY = 1e-4  # ftol of classes that most likely do not win


def solve(
    classifier: Classifier,
    problem: Problem,
    rivals: np.ndarray,
    solve_for: Solve,
) -> tuple[Solution, np.ndarray]:
    """Solves for the class of each image that is nearest.

    Args:
        classifier: The model to fool.
        problem: The images; its targets are the labels to get away from, its
            c_start is for classes whose distance the gradient does not tell.
        rivals: The classes of each image that are weighed, int64, (n, some).
        solve_for: Solves for given targets.

    Returns:
        The solution, and how many classes of each image were solved for, (n,).
    """
    every = np.arange(len(problem.targets))
    weigh = _Scales(classifier, problem)
    weighed = [weigh(every, problem.positions, targets) for targets in rivals.T]
    distance, slope = np.stack(weighed, axis=2)
    promising = distance.argmin(axis=1)
    best = _Best(classifier, problem, solve_for)
    best.evaluations += rivals.shape[1]
    best.ask(
        every,
        rivals[every, promising],
        slope[every, promising],
        distance[every, promising],
        _BELOW,
    )
    winding = np.flatnonzero(best.solution.gradient_evaluations > _WINDING)

    # How far what was found seems from here: less than it is, on a curve.
    seems, _ = weigh(every, best.solution.positions, best.targets)
    best.evaluations += 1
    with np.errstate(invalid="ignore"):  # infinity, where nothing was found
        bound = np.sqrt(np.maximum(seems, 0) * best.length)
    bound = np.where(np.isfinite(best.length), bound, np.inf)
    near = distance <= _FAR_BEFORE * best.length[:, None]
    near[every, promising] = False
    rows, columns = np.nonzero(near)
    targets = rivals[rows, columns]
    seems, slope = weigh(rows, best.solution.positions[rows], targets)
    np.add.at(best.evaluations, rows, 1)
    near = seems <= _FAR * bound[rows]
    rows, targets, slope = rows[near], targets[near], slope[near]
    known = np.isfinite(best.length[rows])
    length = np.where(known, best.length[rows], distance[rows, columns[near]])
    best.ask(rows, targets, slope, length, _BELOW, _ROUGHLY)

    best.walk(winding[np.isfinite(best.length[winding])])
    found = dataclasses.replace(
        best.solution, gradient_evaluations=best.evaluations
    )
    return found, 1 + np.bincount(rows, minlength=len(every))


class _Best:
    """The nearest examples so far, one row an image.

    Attributes:
        solution: What they are; at first the images.
        targets: The classes that they reach, (n,).
        slope: Of the lead there was over the class, (n,).
        length: |r|, (n,); infinity where there is none.
        evaluations: All gradients used, (n,).
    """

    def __init__(
        self, classifier: Classifier, problem: Problem, solve_for: Solve
    ):
        self._classifier, self._problem = classifier, problem
        self._solve_for = solve_for
        n = len(problem.targets)
        self.solution = Solution.empty(problem.positions)
        self.targets = problem.targets.copy()
        self.slope = np.zeros(n)
        self.length = np.full(n, np.inf)
        self.evaluations = np.zeros(n, np.int64)

    def ask(
        self,
        rows: np.ndarray,
        targets: np.ndarray,
        slope: np.ndarray,
        length: np.ndarray,
        below: float,
        ftol: float = 0,
    ) -> None:
        """Solves for classes, and keeps what is nearer than what there is.

        Args:
            rows: Images, any number of times.
            targets: A class of each.
            slope: Of the lead over the class.
            length: What |r| may come to be.
            below: Share of the c of that length where the search begins.
            ftol: The least.
        """
        if not len(rows):
            return
        problem = self._problem
        asked = dataclasses.replace(
            problem,
            positions=problem.positions[rows],
            targets=targets,
            c_start=_c(problem, rows, slope, length, below),
            reach=self.length[rows] ** 2,
            ftol=max(problem.ftol, ftol),
        )
        found = self._solve_for(self._classifier, asked)
        np.add.at(self.evaluations, rows, found.gradient_evaluations)
        lengths = _lengths(found.positions, asked.positions)
        lengths[np.isnan(found.c)] = np.inf
        # Of several of an image the nearest comes last, and stays. What failed
        # is an attempt, where there was none.
        nothing = np.isinf(self.length[rows])
        kept = np.flatnonzero((lengths < self.length[rows]) | nothing)
        for i in kept[np.argsort(-lengths[kept], kind="stable")]:
            row = rows[i]
            self.solution.put(np.array([row]), found.of(np.array([i])))
            self.targets[row], self.slope[row] = targets[i], slope[i]
            self.length[row] = lengths[i]

    def walk(self, rows: np.ndarray) -> None:
        """Walks on from examples, and keeps what is nearer; of no other c."""
        if not len(rows):
            return
        problem, solution = self._problem, self.solution
        positions = problem.positions[rows]
        places, found = walked(
            self._classifier,
            positions,
            solution.positions[rows],
            problem.targets[rows],
            problem.batch_size,
        )
        self.evaluations[rows] += STEPS
        lengths = _lengths(places, positions)
        nearer = found & (lengths < self.length[rows])
        rows = rows[nearer]
        solution.positions[rows] = places[nearer]
        solution.stop[rows] = WALKED
        self.length[rows] = lengths[nearer]


def _lengths(places: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Returns |r| of places, (n,)."""
    r = (places - positions).reshape(len(places), -1)
    return np.asarray(np.linalg.norm(r, axis=1))


def _c(
    problem: Problem,
    rows: np.ndarray,
    slope: np.ndarray,
    length: np.ndarray,
    below: float,
) -> np.ndarray:
    """Returns a first c, from where r would be of some length.

    At the edge of a class the target has half of the probability, and the
    gradient of its cross-entropy is half the lead's: it balances the penalty's.
    """
    length = np.clip(length, 1e-6, 1e6)
    c = below * slope / 2 / (pull(problem.norm, length**2) * length)
    c = np.clip(c, 10 * SMALLEST_C, 0.1 / SMALLEST_C)
    return np.where(slope > 0, c, problem.c_start[rows])


class _Scales:
    """Weighs how far images are from classes, in batches."""

    def __init__(self, classifier: Classifier, problem: Problem):
        self._lead = classifier.compiled("lead", _build_lead)
        self._problem = problem

    def __call__(
        self, rows: np.ndarray, places: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns each image's distance from a class, and the lead's slope.

        Args:
            rows: The images, (m,).
            places: Where the gradient is taken, one an image.
            targets: The classes, (m,).
        """
        problem = self._problem
        distance, slope = np.empty(len(rows)), np.empty(len(rows))
        for start in range(0, len(rows), problem.batch_size):
            some = slice(start, start + problem.batch_size)
            distance[some], slope[some] = self._lead(
                problem.positions[rows[some]],
                places[some],
                problem.targets[rows[some]],
                targets[some],
            )
        # Where there is no slope, nothing says that it is far.
        told = np.isfinite(distance) & (slope > 0)
        return np.where(told, distance, 0), np.where(told, slope, 0)


def _build_lead(classifier: Classifier) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)
    images = classifier.images_spec()
    classes = tf.TensorSpec((None,), tf.int64)

    @tf.function(
        input_signature=[images, images, classes, classes], autograph=False
    )
    def lead(
        origins: tf.Tensor,
        places: tf.Tensor,
        labels: tf.Tensor,
        targets: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the lead at the origin over its slope, and the slope."""
        axes = list(range(1, origins.shape.rank))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(places)
            logits = classifier.logits(lower + (upper - lower) * places)
            lead = tf.gather(logits, labels, batch_dims=1)
            lead -= tf.gather(logits, targets, batch_dims=1)
        gradient = tape.gradient(lead, places)
        slope = tf.norm(
            tf.reshape(gradient, (tf.shape(gradient)[0], -1)), axis=1
        )
        back = tf.reduce_sum(gradient * (origins - places), axes)
        return (tf.cast(lead, places.dtype) + back) / slope, slope

    return lead
