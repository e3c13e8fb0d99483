"""What a network's units can be when its input moves within an L2 ball.

Two ways: intervals, passed on from layer to layer, and lines (CROWN: Zhang et
al. 2018, "Efficient Neural Network Robustness Certification with General
Activation Functions"), passed back from a layer to the input. Both hold for the
network as float32 computes it: every affine map's result may be off by as much
as `Affine` says, and the bounds are taken over that too. What float64 adds to
the same sums is 2^29 times less, and lies within the margin kept for it there.
"""

import dataclasses

import numpy as np
import scipy.sparse

from advkeras.analysis.certificates.affine import Affine
from advkeras.analysis.certificates.affine import Matrix
from advkeras.analysis.certificates.affine import row_lengths
from advkeras.analysis.certificates.chain import Chain
from advkeras.analysis.certificates.curves import Curve
from advkeras.analysis.certificates.curves import Lines
from advkeras.analysis.certificates.curves import WindowMax

_ENTRIES = 2**23  # of one block of coefficients: 64 MB


@dataclasses.dataclass(frozen=True)
class Ball:
    """All images within epsilon of some centres, as the chain sees them.

    Attributes:
        first: The first affine map's results at the centres, (n, units).
        rounding: What float32 may add to them, (n, units).
        epsilon: Radii, (n,).
    """

    first: np.ndarray
    rounding: np.ndarray
    epsilon: np.ndarray

    @classmethod
    def around(cls, chain: Chain, images: np.ndarray) -> "Ball":
        """Returns the balls of radius 0 around flat images, (n, pixels)."""
        head = chain.affine[0]
        images = images.astype(np.float64)
        return cls(
            images @ head.matrix.T + head.bias,
            np.abs(images) @ head.error.T + head.error_bias,
            np.zeros(len(images)),
        )

    def of_radius(self, epsilon: np.ndarray, rows: np.ndarray) -> "Ball":
        """Returns the balls of some of the centres, with other radii."""
        return Ball(self.first[rows], self.rounding[rows], epsilon)


def margins(
    chain: Chain, ball: Ball, classes: np.ndarray, lines_for: int
) -> np.ndarray:
    """Returns lower bounds of z_c - z_j over each ball, for every j.

    Args:
        chain: The network.
        ball: Of n images.
        classes: c of each image, (n,).
        lines_for: Layers of up to so many units are bounded by lines, and the
            margins too; larger ones by intervals. 0: all by intervals.

    Returns:
        float64, (n, classes); infinity at j = c.
    """
    n, outputs = len(classes), len(chain.affine[-1].bias)
    owner = np.repeat(np.arange(n), outputs)
    one = np.eye(outputs)
    differences = one[classes[owner]] - np.tile(one, (n, 1))
    network = _Bounded(chain, ball)
    network.forward(lines_for)
    found = network.below(differences, owner)
    if lines_for:
        found = np.maximum(found, network.behind(differences, owner))
    found = found.reshape(n, outputs)
    found[np.arange(n), classes] = np.inf
    return found


class _Bounded:
    """A chain over some balls: what is known of each layer so far.

    Attributes:
        rounding: What float32 may add to each affine map's results, (n,
            units).
        lines: Of each curve, the lines around it.
        range: Of the last curve, its least and its greatest results.
    """

    def __init__(self, chain: Chain, ball: Ball):
        self.chain = chain
        self.ball = ball
        self.lines: list[Lines] = []
        head = chain.affine[0]
        grown = ball.epsilon[:, None] * head.error_lengths
        self.rounding = [ball.rounding + grown]

    def forward(self, lines_for: int) -> None:
        """Bounds all curves, in turn."""
        head = self.chain.affine[0]
        spread = self.ball.epsilon[:, None] * head.lengths + self.rounding[0]
        least, greatest = self.ball.first - spread, self.ball.first + spread
        for k, curve in enumerate(self.chain.curves):
            affine = self.chain.affine[k]
            if k:
                least, greatest = self._interval(affine)
                # A choice among units is as tight already as they are.
                if not affine.selects and len(affine.bias) <= lines_for:
                    self._tighten(least, greatest, curve)
            self.lines.append(curve.lines(least, greatest))
            self.range = curve.range(least, greatest)
            after = self.chain.affine[k + 1]
            size = np.maximum(*np.abs(self.range))
            self.rounding.append(size @ after.error.T + after.error_bias)

    def _interval(self, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
        """The range of an affine map of what the last curve returns."""
        low, high = self.range
        middle = (low + high) / 2 @ affine.matrix.T + affine.bias
        spread = (high - low) / 2 @ affine.absolute.T + self.rounding[-1]
        return middle - spread, middle + spread

    def _tighten(
        self, least: np.ndarray, greatest: np.ndarray, curve: Curve | WindowMax
    ) -> None:
        """Narrows a range where it matters, in place."""
        owner, unit = np.nonzero(curve.bent(least, greatest))
        picked = scipy.sparse.csr_array(
            (np.ones(len(unit)), (np.arange(len(unit)), unit)),
            shape=(len(unit), least.shape[1]),
        )
        low = self.behind(picked, owner)
        high = -self.behind(-picked, owner)
        least[owner, unit] = np.maximum(least[owner, unit], low)
        greatest[owner, unit] = np.minimum(greatest[owner, unit], high)

    def below(self, rows: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Lower bounds of rows of the last affine map's results, by intervals.

        Args:
            rows: (m, units).
            owner: The image of each row, (m,).
        """
        if not self.chain.curves:
            return self.behind(rows, owner)
        last = self.chain.affine[-1]
        low, high = (side[owner] for side in self.range)
        through = rows @ last.matrix
        return (
            rows @ last.bias
            + _dot(through, (low + high) / 2)
            - _dot(np.abs(through), (high - low) / 2)
            - _dot(np.abs(rows), self.rounding[-1][owner])
        )

    def behind(self, rows: Matrix, owner: np.ndarray) -> np.ndarray:
        """Lower bounds of rows of an affine map's results, by lines.

        Args:
            rows: (m, units), of the map behind all curves bounded so far.
            owner: The image of each row, (m,).
        """
        widest = max(max(step.matrix.shape) for step in self.chain.affine)
        block = max(1, _ENTRIES // widest)
        return np.concatenate(
            [
                self._behind(rows[i : i + block], owner[i : i + block])
                for i in range(0, max(1, len(owner)), block)
            ]
        )

    def _behind(self, rows: Matrix, owner: np.ndarray) -> np.ndarray:
        total = np.zeros(len(owner))
        for k in range(len(self.lines), 0, -1):
            affine, curve = self.chain.affine[k], self.chain.curves[k - 1]
            total += rows @ affine.bias
            total -= _total(abs(rows), self.rounding[k], owner)
            rows = rows @ affine.matrix
            if isinstance(curve, WindowMax):
                rows = _spread(rows, curve.size)
            rows, constant = _relax(rows, self.lines[k - 1], owner)
            total += constant
        total += _total(rows, self.ball.first, owner)
        total -= _total(abs(rows), self.rounding[0], owner)
        lengths = row_lengths(rows @ self.chain.affine[0].factor)
        return total - self.ball.epsilon[owner] * lengths


def _relax(
    rows: Matrix, lines: Lines, owner: np.ndarray
) -> tuple[Matrix, np.ndarray]:
    """Rows of a curve's results as rows of its arguments, and constants.

    A coefficient above 0 goes with the line below, and the other way about.
    """
    if scipy.sparse.issparse(rows):
        place = np.repeat(owner, np.diff(rows.indptr)), rows.indices
        values = rows.data
        low_slope, low, high_slope, high = (line[place] for line in lines)
    else:
        values = rows
        low_slope, low, high_slope, high = (line[owner] for line in lines)
    falls = values < 0
    constant = _like(rows, values * np.where(falls, high, low)).sum(axis=1)
    rows = _like(rows, values * np.where(falls, high_slope, low_slope))
    if scipy.sparse.issparse(rows):
        rows.eliminate_zeros()
    return rows, constant


def _total(rows: Matrix, values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The product of each row with the values of its image."""
    if scipy.sparse.issparse(rows):
        place = np.repeat(owner, np.diff(rows.indptr)), rows.indices
        return _like(rows, rows.data * values[place]).sum(axis=1)
    return _dot(rows, values[owner])


def _spread(rows: Matrix, size: int) -> Matrix:
    """Each coefficient once for every input of its window."""
    if not scipy.sparse.issparse(rows):
        return np.repeat(rows, size, axis=1)
    places = rows.indices[:, None] * size + np.arange(size)
    return scipy.sparse.csr_array(
        (np.repeat(rows.data, size), places.ravel(), rows.indptr * size),
        shape=(rows.shape[0], rows.shape[1] * size),
    )


def _like(rows: Matrix, values: np.ndarray) -> Matrix:
    """Rows with other values at the places of theirs."""
    if not scipy.sparse.issparse(rows):
        return values
    return scipy.sparse.csr_array(
        (values, rows.indices, rows.indptr), shape=rows.shape
    )


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)
