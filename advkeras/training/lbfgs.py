"""Training to convergence by full-batch L-BFGS, as Szegedy et al. 2013 did."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras import datasets
from advkeras import models
from advkeras.training import solver
from advkeras.training.losses import class_labels

_ROWS = 10_000  # images a gradient, so that memory does not grow with the data


def fit_lbfgs(
    model: keras.Model,
    images: Any,
    labels: Any,
    iterations: int,
    callback: Callable[[int, float], None] | None = None,
    memory: int = 20,
    keep: Callable[[solver.State], None] | None = None,
    state: solver.State | None = None,
) -> float:
    """Minimises mean cross-entropy plus the model's weight decay.

    `keras.Model.fit` steps once a batch; L-BFGS needs the exact objective at
    points of its own choosing, so this drives SciPy instead. Deterministic:
    there are no batches to shuffle.

    Args:
        model: A model from images to logits, with trainable weights and no
            Dropout or BatchNormalization; trained in place.
        images: (n, height, width, channels): an array, an `ImageSet` or a
            `tf.data.Dataset`.
        labels: int, (n,); None for those of a data set.
        iterations: At most this many; fewer if it converges before.
        callback: Called after each iteration with its number, from 1, and the
            objective; the model has the current weights.
        memory: Corrections that L-BFGS keeps.
        keep: Called after each iteration, before `callback`, with all that the
            solver knows: arrays by their names, which change as it goes on.
            Not called where the SciPy that is installed does not give them.
        state: What `keep` was given: training goes on from there, and ends
            bit by bit where it would have ended. The model has to be such as
            it was begun with; its weights are taken from the state.

    Returns:
        The objective at the end.

    Raises:
        ValueError: `iterations` is not a whole number of at least 1, the
            images or labels are not such as the model has, or the state is of
            another model.
    """
    checks.check_count("iterations", iterations)
    images, labels = datasets.examples_of(
        images, labels, None, models.image_shape(model)
    )
    goals = class_labels(model, labels, len(images))
    variables = [v.value for v in model.trainable_variables]
    shapes = [tuple(v.shape) for v in variables]
    cuts = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]
    batches = [
        (tf.constant(images[i : i + _ROWS]), tf.constant(goals[i : i + _ROWS]))
        for i in range(0, len(images), _ROWS)
    ]

    @tf.function(reduce_retracing=True)
    def data_gradient(x: tf.Tensor, y: tf.Tensor) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_sum(losses) / len(images)
        return loss, tape.gradient(loss, variables)

    @tf.function
    def decay_gradient() -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.zeros(()), *model.losses])
        return loss, tape.gradient(
            loss,
            variables,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    def assign(weights: np.ndarray) -> None:
        for variable, part, shape in zip(
            variables, np.split(weights, cuts), shapes, strict=True
        ):
            variable.assign(part.reshape(shape))

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        assign(weights)
        terms = [decay_gradient(), *(data_gradient(*b) for b in batches)]
        # Summed in float64: the line search compares nearly equal values.
        loss = sum(float(loss) for loss, _ in terms)
        gradients = np.stack([_flat(gradients) for _, gradients in terms])
        return loss, gradients.sum(axis=0)

    done = 0

    def after_iteration(
        weights: np.ndarray, value: float, now: solver.State | None
    ) -> None:
        nonlocal done
        done += 1
        if keep is not None and now is not None:
            keep(now)
        if callback is not None:
            assign(weights)
            callback(done, value)

    # float32 gradients carry no finer differences than these.
    limits = solver.Limits(iterations, memory, ftol=1e-9, gtol=1e-7)
    found, value = solver.minimise(
        objective, _flat(variables), limits, after_iteration, state
    )
    assign(found)
    return value


def _flat(tensors: Any) -> np.ndarray:
    return np.concatenate([np.asarray(t, np.float64).ravel() for t in tensors])
