"""The operator norm of a linear map, bracketed.

A map is given as a matrix, or as a function that can only be applied. Of the
latter, Lanczos's method on A^T A finds a Ritz value, which is never above the
largest eigenvalue. How far below it can be is known only in probability, over
the random start: with k steps in n dimensions, and c = sqrt(2 n / pi) / p,

    P(norm > sqrt(ritz) cosh(arcosh(c) / (2 k - 1))) <= p.

This is what Kuczynski and Wozniakowski 1992 bound further, by
1.648 sqrt(n) exp(-sqrt(e) (2 k - 1)). In short: if every vector of the Krylov
space has a quotient below (1 - e) times the norm squared, then so has the one
that a Chebyshev polynomial of degree 2 k - 1 makes, and of the start, of
length 1, the part on the first eigenvector is below
1 / cosh((2 k - 1) artanh(sqrt(e))); the density of that part is at most
sqrt(n / (2 pi)).
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from advkeras import checks
from advkeras.analysis.spectrum import doubles

# What float64 may lose, relative: added to what is otherwise exact.
ROUNDING = 1e-10
# Up to here a map's matrix is cheaper than, or as cheap as, its iteration.
_SMALL = 256
# Up to here the Gram matrix of a dense kernel is.
_LARGEST_GRAM = 5000
_ROWS = 16


@dataclasses.dataclass(frozen=True)
class Norm:
    """A bracket of a Lipschitz constant in the L2 norm.

    Attributes:
        upper: Not below the constant; for an iterated norm except with the
            probability that `operator_norm` was given.
        lower: Not above it; None where it was not sought.
        residual: |A^T A v - t v| / t of the iterated vector v of length 1
            and its Ritz value t; None where nothing was iterated.
    """

    upper: float
    lower: float | None
    residual: float | None = None


def exactly(value: float) -> Norm:
    """Returns the bracket of a constant that is known."""
    return Norm(value, value)


def rounded(value: float) -> Norm:
    """Returns the bracket of a constant that float64 computed."""
    return Norm(value * (1 + ROUNDING), value * (1 - ROUNDING))


def operator_norm(
    linear: keras.layers.Layer | Callable[[Any], Any],
    input_shape: tuple[int, ...],
    tolerance: float = 0.01,
    failure: float = 1e-10,
    seed: int = 0,
) -> Norm:
    """Brackets the largest |A r| / |r| of a linear map A, in float64.

    Small maps are exact: their matrix is made. Of others, k steps of
    Lanczos's method, all vectors orthogonalised against each other, k as the
    tolerance asks for. Memory: k times the smaller of input and output.

    Args:
        linear: A built Keras layer, of which the linear part is meant: what
            it does without bias and activation; or a function of a batch of
            float64 tensors, (n, *input_shape), linear, that TensorFlow can
            differentiate.
        input_shape: Shape of one input, without the batch.
        tolerance: upper <= (1 + tolerance) * lower.
        failure: Probability, over the random start, that the norm of a map
            that is not small lies above `upper`; see the module.
        seed: Seed of the start.

    Returns:
        A `Norm`.

    Raises:
        ValueError: An argument is out of its range, or the function is not
            linear.
    """
    checks.check_positive("tolerance", tolerance)
    checks.check_positive("failure", failure)
    checks.check_seed("seed", seed)
    for size in input_shape:
        checks.check_count("input_shape", size)
    shape = tuple(map(int, input_shape))
    if isinstance(linear, keras.layers.Layer):
        linear, shape = doubles.linear_part(linear, shape)
    elif not _is_linear(linear, shape, seed):
        raise ValueError(
            "`linear` must be a linear function of float64 tensors of shape "
            f"(n, {', '.join(map(str, shape))}). Received: {linear!r}, whose "
            "value at x + y is not the sum of those at x and y"
        )
    gram, n = _gram(linear, shape)
    if n <= _SMALL:
        rows = np.concatenate(
            [
                gram(tf.eye(n, dtype=tf.float64)[i : i + _ROWS]).numpy()
                for i in range(0, n, _ROWS)
            ]
        )
        return rounded(_root_of_largest((rows + rows.T) / 2))
    # Compiled, a linear map's values where it is only turned round are left
    # out.
    compiled = tf.function(gram, autograph=False)
    return _iterated(
        lambda v: compiled(v[None]).numpy()[0], n, tolerance, failure, seed
    )


def matrix_norm(matrix: Any, tolerance: float = 0.01, seed: int = 0) -> Norm:
    """Brackets the largest singular value of a matrix, in float64.

    By the Gram matrix of the smaller side; where that is above 5,000, by
    iteration, as `operator_norm`.

    Args:
        matrix: (rows, columns), finite.
        tolerance: As `operator_norm`.
        seed: As `operator_norm`.

    Returns:
        A `Norm`.
    """
    matrix = np.asarray(matrix, np.float64)
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    if matrix.shape[1] <= _LARGEST_GRAM:
        return rounded(_root_of_largest(matrix.T @ matrix))
    return _iterated(
        lambda v: matrix.T @ (matrix @ v),
        matrix.shape[1],
        tolerance,
        1e-10,
        seed,
    )


def _is_linear(
    function: Callable[[Any], Any], shape: tuple[int, ...], seed: int
) -> bool:
    points = np.random.default_rng(seed).standard_normal((2, *shape))
    x, y = points
    values = np.asarray(function(tf.constant([x, y, x + y, 0 * x])))
    scale = np.abs(values).max() + np.finfo(np.float64).tiny
    return bool(
        np.abs(values[0] + values[1] - values[2]).max() <= 1e-9 * scale
        and np.abs(values[3]).max() <= 1e-9 * scale
    )


def _gram(
    linear: Callable[[Any], Any], shape: tuple[int, ...]
) -> tuple[Callable[[Any], Any], int]:
    """Returns A^T A or A A^T on rows of vectors, and the rows' length.

    Whichever is smaller: both have the same eigenvalues but zero.
    """
    output = tuple(linear(tf.zeros((1, *shape), tf.float64)).shape[1:])
    inputs, outputs = math.prod(shape), math.prod(output)

    def of_inputs(v: tf.Tensor) -> tf.Tensor:
        x = tf.reshape(v, (-1, *shape))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = linear(x)
        back = tape.gradient(y, x, output_gradients=tf.stop_gradient(y))
        return tf.reshape(back, tf.shape(v))

    def of_outputs(u: tf.Tensor) -> tf.Tensor:
        x = tf.zeros((tf.shape(u)[0], *shape), tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = linear(x)
        back = tape.gradient(
            y, x, output_gradients=tf.reshape(u, (-1, *output))
        )
        return tf.reshape(linear(back), tf.shape(u))

    return (of_inputs, inputs) if inputs <= outputs else (of_outputs, outputs)


def _root_of_largest(gram: np.ndarray) -> float:
    last = len(gram) - 1
    (value,) = scipy.linalg.eigh(
        gram, eigvals_only=True, subset_by_index=(last, last), driver="evx"
    )
    return math.sqrt(max(value, 0.0))


def _iterated(
    gram: Callable[[np.ndarray], np.ndarray],
    n: int,
    tolerance: float,
    failure: float,
    seed: int,
) -> Norm:
    hard = math.acosh(math.sqrt(2 * n / math.pi) / failure)
    steps = min(n, math.ceil((hard / math.acosh(1 + tolerance) + 1) / 2))
    ritz, residual = _lanczos(gram, n, steps, seed)
    root = math.sqrt(ritz)
    # n steps find everything.
    slack = math.cosh(hard / (2 * steps - 1)) if steps < n else 1.0
    return Norm(root * slack * (1 + ROUNDING), root * (1 - ROUNDING), residual)


def _lanczos(
    gram: Callable[[np.ndarray], np.ndarray], n: int, steps: int, seed: int
) -> tuple[float, float]:
    """Returns the largest Ritz value and its relative residual."""
    basis = np.empty((steps, n))
    v = np.random.default_rng(seed).standard_normal(n)
    v /= np.linalg.norm(v)
    diagonal: list[float] = []
    beside: list[float] = []
    for k in range(steps):
        basis[k] = v
        w = gram(v)
        diagonal.append(float(v @ w))
        for _ in range(2):  # once leaves too much of the others
            w = w - (basis[: k + 1] @ w) @ basis[: k + 1]
        beside.append(float(np.linalg.norm(w)))
        if beside[-1] <= 1e-14 * max(diagonal):
            break  # the space holds all that the start can reach
        v = w / beside[-1]
    last = len(diagonal) - 1
    (ritz,), vectors = scipy.linalg.eigh_tridiagonal(
        diagonal, beside[:-1], select="i", select_range=(last, last)
    )
    if ritz <= 0:
        return 0.0, 0.0
    return float(ritz), float(beside[-1] * abs(vectors[-1, 0]) / ritz)
