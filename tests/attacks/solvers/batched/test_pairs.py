"""The compact form of L-BFGS against the textbook's two loops."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from advkeras.attacks.solvers.batched import pairs as curvature

PIXELS = 12
MEMORY = 5


def two_loops(moves, changes, gradient, scale):
    """Returns -H g: Nocedal and Wright 2006, algorithm 7.4; oldest first."""
    pairs = list(zip(moves, changes, strict=True))
    used = [(s, y) for s, y in pairs if s @ y > 1e-9 * (y @ y)]
    if used and used[-1][0] is pairs[-1][0]:  # the newest counts
        s, y = used[-1]
        scale = s @ y / (y @ y)
    q, alphas = gradient.copy(), []
    for s, y in reversed(used):
        alphas.append(s @ q / (s @ y))
        q -= alphas[-1] * y
    q *= scale
    for (s, y), alpha in zip(used, reversed(alphas), strict=True):
        q += (alpha - y @ q / (s @ y)) * s
    return -q


def remembered(moves, changes, memory):
    """Returns the pairs at the end, newest first, padded: s, y and products.

    Args:
        moves: (n, steps, pixels), oldest first; any number of steps.
        changes: Likewise.
        memory: Pairs to keep.
    """
    n, steps, pixels = moves.shape
    pairs = curvature.none(n, memory)
    s, y = np.zeros((2, n, memory, pixels))
    for step in range(steps):
        s = np.concatenate([moves[:, step, None], s[:, :-1]], axis=1)
        y = np.concatenate([changes[:, step, None], y[:, :-1]], axis=1)
        new = np.stack([s[:, 0], y[:, 0]], axis=1)
        products = np.stack(
            [new @ old.transpose(0, 2, 1) for old in (s, y)], axis=1
        )
        pairs = curvature.push(pairs, tf.constant(products))
    return s, y, pairs


def directions(moves, changes, gradients, k, scale, memory=MEMORY):
    """Returns what the code under test makes of the same, (n, pixels)."""
    s, y, pairs = remembered(moves, changes, memory)
    of_s, of_y, of_g = curvature.direction(
        pairs,
        tf.constant((s @ gradients[:, :, None])[:, :, 0]),
        tf.constant((y @ gradients[:, :, None])[:, :, 0]),
        tf.constant((gradients**2).sum(1)),
        tf.constant(k),
        tf.constant(scale),
    )
    combined = np.einsum("nm,nmp->np", of_s, s)
    combined += np.einsum("nm,nmp->np", of_y, y)
    return combined + of_g.numpy()[:, None] * gradients


def quadratics(n, steps, seed=0):
    """Returns moves, changes and gradients of n random convex quadratics."""
    random = np.random.default_rng(seed)
    roots = random.normal(size=(n, PIXELS, PIXELS))
    matrices = roots @ roots.transpose(0, 2, 1) / PIXELS + 0.1 * np.eye(PIXELS)
    moves = random.normal(size=(n, steps, PIXELS))
    gradients = random.normal(size=(n, PIXELS))
    return moves, moves @ matrices, gradients


def textbook(moves, changes, gradients, k, scale, memory=MEMORY):
    """Returns the two loops' direction of each row, (n, pixels)."""
    changes = changes + k[:, None, None] * moves
    return np.stack(
        [
            two_loops(s[-memory:], y[-memory:], g, start)
            for s, y, g, start in zip(
                moves, changes, gradients, scale, strict=True
            )
        ]
    )


@pytest.mark.parametrize("steps", [0, 1, 3, MEMORY, 9])
def test_direction_is_the_textbooks(steps):
    """Fewer pairs than the memory holds, as many, and more."""
    problem = quadratics(20, steps)
    k, scale = np.logspace(-3, 2, 20), np.linspace(0.1, 3, 20)
    np.testing.assert_allclose(
        directions(*problem, k, scale),
        textbook(*problem, k, scale),
        rtol=1e-9,
        atol=1e-10,
    )


def test_pairs_without_positive_curvature_are_left_out():
    moves, changes, gradients = quadratics(40, 8)
    flat = np.random.default_rng(1).random((40, 8)) < 0.4
    flat[:5] = True  # none of them counts
    flat[5:10, -1] = True  # the newest does not
    changes[flat] *= -1
    flat_too = np.flatnonzero(~flat[:, 4])[0]
    changes[flat_too, 4] = 0  # s'y = 0
    k, scale = np.zeros(40), np.linspace(0.1, 3, 40)
    found = directions(moves, changes, gradients, k, scale)
    expected = textbook(moves, changes, gradients, k, scale)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        found[:5], -scale[:5, None] * gradients[:5], rtol=1e-12
    )


def test_the_penalty_lends_curvature_to_a_concave_loss():
    """y + k s, with k above the loss's largest negative curvature."""
    moves, changes, gradients = quadratics(10, 4)
    k, scale = np.full(10, 50.0), np.ones(10)
    found = directions(moves, -changes, gradients, k, scale)
    expected = textbook(moves, -changes, gradients, k, scale)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    assert not np.allclose(found, -gradients)


def test_the_newest_pairs_are_solved_exactly():
    """The secant equation, H y = s, with y of the whole objective."""
    moves, changes, _ = quadratics(15, 6)
    k, scale = np.logspace(-2, 1, 15), np.ones(15)
    newest = changes[:, -1] + k[:, None] * moves[:, -1]
    found = directions(moves, changes, newest, k, scale)
    np.testing.assert_allclose(found, -moves[:, -1], rtol=1e-9, atol=1e-10)


@given(
    seed=st.integers(0, 2**31),
    steps=st.integers(0, 7),
    size=st.floats(-6, 6),
    log_k=st.floats(-8, 8),
    bent=st.booleans(),
)
def test_it_always_descends(seed, steps, size, log_k, bent):
    """Whatever the pairs, even those of no function."""
    moves, changes, gradients = quadratics(8, steps, seed)
    if bent:
        random = np.random.default_rng(seed)
        changes = random.normal(size=moves.shape)
    k, scale = np.full(8, 10.0**log_k), np.ones(8)
    found = directions(
        moves * 10.0**size, changes, gradients, k, scale, memory=3
    )
    slope = (found * gradients).sum(1)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(gradients, axis=1)
    assert np.isfinite(found).all()
    assert (slope < 1e-9 * lengths).all()


def test_a_row_does_not_depend_on_the_others():
    moves, changes, gradients = quadratics(6, 7)
    k, scale = np.logspace(-2, 1, 6), np.ones(6)
    whole = directions(moves, changes, gradients, k, scale)
    for row in range(6):
        rows = slice(row, row + 1)
        alone = directions(
            moves[rows], changes[rows], gradients[rows], k[rows], scale[rows]
        )
        np.testing.assert_allclose(alone, whole[rows], rtol=1e-10)
