"""Why no c led to the target: what the model's gradient says where it ended."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras.attacks import objectives
from advkeras.attacks.solvers.solution import CONVERGED
from advkeras.attacks.solvers.solution import FLAT
from advkeras.attacks.solvers.solution import NO_GRADIENT
from advkeras.attacks.solvers.solution import SETTLED
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.classifier import Classifier


def explained(
    classifier: Classifier, problem: Problem, solution: Solution
) -> Solution:
    """Returns the solution, with why its failures failed as their `stop`.

    To a solver a gradient of 0 is a minimum, and one that is NaN counts as 0:
    both end as if they had converged. So where no c led to the target the
    gradient of the loss is looked at once more. What converged by a sound one
    has been settled; unless it never moved, because all of the gradient is
    below a gtol that is large.

    Args:
        classifier: What the gradients were of.
        problem: What was to be solved.
        solution: What a solver found; what reached its target stays.
    """
    rows = np.flatnonzero(np.isnan(solution.c))
    if not len(rows):
        return solution
    stop = solution.stop.copy()
    moved = (solution.positions[rows] != problem.positions[rows]).reshape(
        len(rows), -1
    )
    converged = np.isin(stop[rows], CONVERGED)
    stop[rows[converged & moved.any(axis=1)]] = SETTLED
    ask = classifier.compiled("reasons", _build_ask)
    for start in range(0, len(rows), problem.batch_size):
        some = rows[start : start + problem.batch_size]
        sound, moves = ask(
            solution.positions[some].astype(classifier.dtype.as_numpy_dtype),
            problem.targets[some],
        )
        stop[some[~moves.numpy()]] = FLAT
        stop[some[~sound.numpy()]] = NO_GRADIENT
    return dataclasses.replace(solution, stop=stop)


def _build_ask(classifier: Classifier) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ]
    )
    def ask(
        positions: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns whether each gradient is finite, and whether it is not 0."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(positions)
            logits = classifier.logits(lower + (upper - lower) * positions)
            loss = objectives.cross_entropy(logits, targets)
        gradient = tape.gradient(loss, positions)
        axes = list(range(1, positions.shape.rank))
        return (
            tf.reduce_all(tf.math.is_finite(gradient), axes),
            tf.reduce_any(gradient != 0, axes),
        )

    return ask
