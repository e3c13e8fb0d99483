"""Directions of a layer, and the images that lie furthest along them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks

# Numbers worked on at a time: 32 MB in float32.
_AT_A_TIME = 2**23


def random_directions(dim: int, count: int, seed: Any = 0) -> np.ndarray:
    """Returns unit vectors, drawn evenly from the sphere.

    Args:
        dim: Units of the space.
        count: How many.
        seed: Seed or generator.

    Returns:
        float32, (count, dim).

    Raises:
        ValueError: `dim` or `count` is not a whole number of at least 1.
    """
    checks.check_count("dim", dim)
    checks.check_count("count", count)
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((count, dim), np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def top_images(
    features: Any, directions: np.ndarray | None = None, k: int = 8
) -> np.ndarray:
    """Returns the k images that lie furthest along each direction.

    Beside its arguments and its result it uses a constant amount of memory.

    Args:
        features: What `features` returned, (n, units).
        directions: Vectors of any length, (m, units); None for the units
            themselves, m = units.
        k: How many images, 1 to n.

    Returns:
        Indices of images, int32, (m, k), furthest first; of images that lie
        equally far, the first.

    Raises:
        ValueError: `features` or `directions` are not finite numbers of that
            shape, or `k` is not 1 to n.
    """
    features = _features(features)
    n, dim = features.shape
    check_k(k, 1, n)
    if directions is None:
        rows = (features[:, part].T for part in parts(dim, n))
    else:
        directions = np.asarray(directions, np.float32)
        if (
            directions.ndim != 2
            or directions.shape[1] != dim
            or not np.isfinite(directions).all()
        ):
            raise ValueError(
                f"`directions` must be finite numbers, shape (m, {dim}). "
                f"Received: directions.shape={directions.shape}"
            )
        rows = (
            directions[part] @ features.T for part in parts(len(directions), n)
        )
    found = [top(row, k) for row in rows]
    return np.concatenate([np.empty((0, k), np.int32), *found])


def parts(count: int, size: int) -> Iterator[slice]:
    """Slices 0 .. count into parts, of which each number costs `size`."""
    step = max(1, _AT_A_TIME // size)
    return (slice(i, min(i + step, count)) for i in range(0, count, step))


def top(rows: np.ndarray, k: int) -> np.ndarray:
    """Returns the k largest columns of each row, int32, (rows, k)."""
    # TensorFlow promises that equal values come in the order of their index.
    found: np.ndarray = tf.math.top_k(rows, k).indices.numpy()
    return found


def _features(features: Any) -> np.ndarray:
    array = np.asarray(features, np.float32)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise ValueError(
            "`features` must be finite numbers, shape (n, units). "
            f"Received: features.shape={array.shape}, "
            f"{np.isfinite(array).sum()} of them finite"
        )
    return array


def alive(
    features: Any, standardised: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns features and which units are not the same for every image.

    Args:
        features: As for `compare`.
        standardised: Whether to divide each such unit by its deviation.

    Returns:
        float32, (n, units), and their indices, at least 2.

    Raises:
        ValueError: They are not such, or fewer than 2 units are alive.
    """
    array = _features(features)
    found = np.flatnonzero(array.min(axis=0) < array.max(axis=0))
    if len(found) < 2:
        raise ValueError(
            "`features` must have at least 2 units that are not the same for "
            f"every image. Received: {len(found)} of {array.shape[1]}"
        )
    if standardised:
        deviation = np.ones(array.shape[1], np.float32)
        deviation[found] = array[:, found].std(axis=0, dtype=np.float64)
        array = array / deviation
    return array, found


def check_k(k: Any, least: int, most: int) -> None:
    """Raises ValueError unless `k` is a whole number, `least` to `most`."""
    checks.check_count("k", k)
    if not least <= k <= most:
        raise ValueError(f"`k` must be {least} .. {most}. Received: k={k}")
