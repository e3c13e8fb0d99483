"""Curvature pairs of all images, and the direction that they give.

The compact form of L-BFGS (Byrd, Nocedal and Schnabel 1994, equation 3.1): with
the pairs s (a move) and y (the gradient's change) as columns of S and Y, the
direction is a combination of the pairs and of the gradient, whose coefficients
need no more of them than their inner products. Two passes over the pairs for
all images at once take the place of four for each pair.

What is kept of y is the loss's part. The penalty's curvature is known, k in all
directions, so y + k s is the pair at any c: the search for c goes on with all
that it has learnt.
"""

from typing import NamedTuple

import tensorflow as tf

# A pair counts where s'y is above this part of y'y.
_POSITIVE = 1e-9


class Pairs(NamedTuple):
    """Inner products of the pairs, newest first; (n, memory, memory).

    Attributes:
        ss: s_i's_j.
        sy: s_i'y_j.
        yy: y_i'y_j.
        count: How many of them there are, (n,).
    """

    ss: tf.Tensor
    sy: tf.Tensor
    yy: tf.Tensor
    count: tf.Tensor


def none(n: tf.Tensor, memory: int) -> Pairs:
    """Returns the products of no pairs for n images."""
    zeros = tf.zeros((n, memory, memory), tf.float64)
    return Pairs(zeros, zeros, zeros, tf.zeros((n,), tf.int32))


def push(pairs: Pairs, products: tf.Tensor) -> Pairs:
    """Adds a pair; the oldest falls off.

    Args:
        pairs: Products of the pairs until now.
        products: Of all pairs' s, and of their y, newest first and the new
            one among them, with the new s and y: (n, 2, at least 2, memory).
    """
    s, y = products[:, 0], products[:, 1]
    return Pairs(
        _shift(pairs.ss, s[:, 0], s[:, 0]),
        _shift(pairs.sy, y[:, 0], s[:, 1]),
        _shift(pairs.yy, y[:, 1], y[:, 1]),
        tf.minimum(pairs.count + 1, pairs.ss.shape[1]),
    )


def _shift(old: tf.Tensor, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
    inner = tf.concat([column[:, 1:, None], old[:, :-1, :-1]], axis=2)
    return tf.concat([row[:, None, :], inner], axis=1)


def direction(
    pairs: Pairs,
    s_g: tf.Tensor,
    y_g: tf.Tensor,
    g_g: tf.Tensor,
    curvature: tf.Tensor,
    scale: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the combination of S, Y and g that is the L-BFGS direction, -H g.

    Args:
        pairs: The pairs' inner products.
        s_g: s_i'g, newest first, (n, memory).
        y_g: y_i'g, likewise.
        g_g: g'g, (n,).
        curvature: The penalty's, k, (n,).
        scale: H is this times the identity where there is no pair, (n,).

    Returns:
        Coefficients of S and Y, (n, memory), and of g, (n,). Where rounding
        leaves no descent, only g has one.
    """
    k = curvature[:, None]
    kk = k[:, :, None]
    ys = tf.transpose(pairs.sy, (0, 2, 1))
    sy = pairs.sy + kk * pairs.ss
    yy = pairs.yy + kk * (pairs.sy + ys) + kk**2 * pairs.ss
    diagonal, lengths = tf.linalg.diag_part(sy), tf.linalg.diag_part(yy)
    there = tf.range(sy.shape[1]) < pairs.count[:, None]
    valid = there & (diagonal > _POSITIVE * lengths)
    gamma = tf.where(
        valid[:, 0],
        diagonal[:, 0] / tf.where(valid[:, 0], lengths[:, 0], 1),
        scale,
    )[:, None]

    def masked(vector: tf.Tensor) -> tf.Tensor:
        return tf.where(valid, vector, 0)

    # R_ij = s_i'y_j for j newer than i, or i itself; a row and a column of the
    # identity where a pair does not count.
    both = valid[:, :, None] & valid[:, None, :]
    r = tf.linalg.band_part(tf.where(both, sy, 0), -1, 0)
    r = tf.linalg.set_diag(r, tf.where(valid, diagonal, 1))
    a = _solve(r, masked(s_g), adjoint=False)
    y_q = y_g + k * s_g - tf.linalg.matvec(tf.where(both, yy, 0), a)
    w = _solve(r, masked(diagonal * a - gamma * y_q), adjoint=True)
    of_s, of_y = k * gamma * a - w, gamma * a
    slope = tf.reduce_sum(of_s * s_g + of_y * y_g, axis=1) - gamma[:, 0] * g_g
    falls = slope < 0
    return (
        tf.where(falls[:, None], of_s, 0),
        tf.where(falls[:, None], of_y, 0),
        -tf.where(falls, gamma[:, 0], scale),
    )


def _solve(matrix: tf.Tensor, vector: tf.Tensor, adjoint: bool) -> tf.Tensor:
    return tf.linalg.triangular_solve(
        matrix, vector[:, :, None], lower=True, adjoint=adjoint
    )[:, :, 0]
