"""Affine maps as matrices, with what float32 adds to their results."""

import dataclasses
import functools
from typing import Any

import numpy as np
import scipy.sparse

# An array of numbers, or the same where it is mostly zeros.
Matrix = Any

UNIT_ROUNDOFF = 2.0**-24  # of float32

_DENSE = 0.2  # above this share of entries a sparse matrix costs more
_PROBED = 2**22  # entries of one batch of probes
_LARGEST = 2**34  # entries probed in all: half an hour


@dataclasses.dataclass(frozen=True, eq=False)
class Affine:
    """h -> matrix h + bias on flattened arrays.

    Computed in float32 from |h| <= a, each result is off by at most
    `error` a + `error_bias`.

    Attributes:
        name: Of the layer, or of the last one where several are folded.
        matrix: (outputs, inputs).
        bias: (outputs,).
        error: As `matrix`, none negative.
        error_bias: As `bias`, none negative.
    """

    name: str
    matrix: Matrix
    bias: np.ndarray
    error: Matrix
    error_bias: np.ndarray

    @classmethod
    def of(
        cls,
        name: str,
        matrix: Matrix,
        bias: np.ndarray,
        magnitude: np.ndarray | None = None,
    ) -> "Affine":
        """Returns the map with the error of summing in any order.

        A sum of n products, computed in whatever order, is off by at most
        gamma_n = n u / (1 - n u) times the sum of their absolute values
        (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).

        Args:
            name: As `Affine`.
            matrix: As `Affine`.
            bias: As `Affine`.
            magnitude: The absolute values that are summed to the bias; None
                for those of the bias itself.
        """
        terms = np.diff(_compressed(matrix).indptr).max(initial=0)
        # Eight more: the bias, scales worked out in float32, and the slopes
        # of leaky units below.
        n = (terms + 8) * UNIT_ROUNDOFF
        gamma = 1.001 * n / (1 - n)
        magnitude = np.abs(bias) if magnitude is None else magnitude
        return cls(name, matrix, bias, gamma * abs(matrix), gamma * magnitude)

    @classmethod
    def exact(cls, name: str, matrix: Matrix) -> "Affine":
        """Returns the map that only moves numbers, and rounds none."""
        nothing = np.zeros(matrix.shape[0])
        return cls(name, matrix, nothing, 0.0 * matrix, nothing)

    def then(self, after: "Affine") -> "Affine":
        """Returns this map and the one after it as one."""
        passed, rounded = abs(after.matrix), after.error
        return Affine(
            after.name,
            after.matrix @ self.matrix,
            after.matrix @ self.bias + after.bias,
            passed @ self.error + rounded @ self.absolute,
            passed @ self.error_bias
            + rounded @ np.abs(self.bias)
            + after.error_bias,
        )

    def on_inexact(self, error: float) -> "Affine":
        """Returns this map of inputs that are each off by up to `error`."""
        inputs = np.full(self.matrix.shape[1], error)
        return dataclasses.replace(
            self, error_bias=self.error_bias + self.absolute @ inputs
        )

    @functools.cached_property
    def absolute(self) -> Matrix:
        """Absolute values of `matrix`."""
        return abs(self.matrix)

    @functools.cached_property
    def selects(self) -> bool:
        """Whether no output depends on more than one input."""
        return bool((np.diff(_compressed(self.matrix).indptr) <= 1).all())

    @functools.cached_property
    def lengths(self) -> np.ndarray:
        """Euclidean norms of the rows of `matrix`, (outputs,)."""
        return row_lengths(self.matrix)

    @functools.cached_property
    def error_lengths(self) -> np.ndarray:
        """Euclidean norms of the rows of `error`, (outputs,)."""
        return row_lengths(self.error)

    @functools.cached_property
    def factor(self) -> Matrix:
        """A matrix with |v factor| = |v matrix| for every v, and no wider.

        With few outputs it is the triangle of a QR factorisation, so that a
        norm costs outputs^2 and not outputs x inputs.
        """
        outputs, inputs = self.matrix.shape
        if outputs >= inputs or scipy.sparse.issparse(self.matrix):
            return self.matrix
        triangle: Any = np.linalg.qr(self.matrix.T, mode="r")
        return triangle.T


def probed(function: Any, shape: tuple[int, ...]) -> tuple[Matrix, np.ndarray]:
    """Returns the matrix and the bias of an affine function, by unit vectors.

    Args:
        function: float64, (n, *shape) -> (n, ...), affine.
        shape: Of one input.

    Raises:
        ValueError: The matrix would be too large to be made.
    """
    bias = np.asarray(function(np.zeros((1, *shape)))).ravel()
    inputs, outputs = int(np.prod(shape)), bias.size
    if inputs * outputs > _LARGEST:
        raise ValueError(
            f"a matrix of {outputs} x {inputs} is too large for linear bounds"
        )
    batch = max(1, _PROBED // outputs)
    columns = []
    for start in range(0, inputs, batch):
        count = min(batch, inputs - start)
        units = np.zeros((count, inputs))
        units[np.arange(count), start + np.arange(count)] = 1
        made = np.asarray(function(units.reshape(count, *shape)))
        columns.append(
            scipy.sparse.csr_array(made.reshape(count, outputs) - bias)
        )
    return _smaller(scipy.sparse.vstack(columns).T.tocsr()), bias


def row_lengths(matrix: Matrix) -> np.ndarray:
    """Returns the Euclidean norm of each row."""
    if scipy.sparse.issparse(matrix):
        return np.sqrt(matrix.multiply(matrix).sum(axis=1))
    return np.linalg.norm(matrix, axis=1)


def _smaller(matrix: Any) -> Matrix:
    full = matrix.nnz > _DENSE * np.prod(matrix.shape)
    return matrix.toarray() if full else matrix


def _compressed(matrix: Matrix) -> Any:
    return scipy.sparse.csr_array(matrix)
