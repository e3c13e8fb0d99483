"""Sparse tensors of the format: their values, and where these are.

A tensor's dimensions are gone through in an order of the file's own, those
within a block among them. Each is dense, or lists for every place in those
before it which of its own are there (Chou, Kjolstad and Amarasinghe, Format
Abstraction for Sparse Tensor Algebra Compilers, 2018).
"""

import math
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema


def spread(
    stored: Any, values: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Returns all values of a sparse tensor: zeros, and those that it stores.

    Args:
        stored: What the format says of where they are.
        values: Those that are stored, (n,).
        shape: Of the whole.

    Raises:
        ValueError: They cannot be there.
    """
    said = schema.SparsityParametersT.InitFromObj(stored)
    order, blocks = (
        [] if part is None else [int(each) for each in part]
        for part in (said.traversalOrder, said.blockMap)
    )
    levels = said.dimMetadata or []
    if sorted(order) != list(range(len(shape) + len(blocks))):
        raise ValueError(f"it is gone through in the order {order}")
    if len(levels) != len(order) or not set(blocks) <= set(range(len(shape))):
        raise ValueError(f"it has {len(levels)} levels, blocks of {blocks}")
    by_dimension = dict(zip(order, levels, strict=True))
    sizes = list(shape)
    for number, dimension in enumerate(blocks, len(shape)):
        size = by_dimension[number].denseSize
        if size < 1 or sizes[dimension] % size:
            raise ValueError(f"blocks of {size} along {sizes[dimension]}")
        sizes[dimension] //= size
        sizes.append(size)
    at = np.zeros((1, len(order)), np.int64)
    for dimension, level in zip(order, levels, strict=True):
        rows, places = _entered(level, len(at), sizes[dimension])
        if len(rows) > math.prod(shape):
            raise ValueError(f"it has {len(rows)} values for shape {shape}")
        at = at[rows]
        at[:, dimension] = places
    if len(at) != len(values):
        raise ValueError(f"it has {len(at)} places for {len(values)} values")
    for number, dimension in enumerate(blocks, len(shape)):
        at[:, dimension] *= sizes[number]
        at[:, dimension] += at[:, number]
    whole = np.zeros(shape, values.dtype)
    whole[tuple(at[:, : len(shape)].T)] = values
    return whole


def _entered(
    level: Any, before: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what a dimension adds to the places in those before it.

    Args:
        level: What the format says of it.
        before: How many places there are.
        size: Of the dimension.

    Returns:
        Of every place that there is then: which one it lies in, and where.
    """
    if level.format == schema.DimensionType.DENSE:
        if level.denseSize != size:
            raise ValueError(f"{level.denseSize} of a dimension of {size}")
        return np.divmod(np.arange(before * size), size)
    ends, places = (
        np.asarray(getattr(part, "values", None), np.int64).reshape(-1)
        for part in (level.arraySegments, level.arrayIndices)
    )
    counts = np.diff(ends)
    if len(counts) != before or ends[0] or (counts < 0).any():
        raise ValueError(f"its segments end at {ends.tolist()}")
    if counts.sum() != len(places):
        raise ValueError(f"{len(places)} places in {counts.sum()}")
    if len(places) and not 0 <= places.min() <= places.max() < size:
        raise ValueError(f"places {places.tolist()} in {size}")
    return np.repeat(np.arange(before), counts), places
