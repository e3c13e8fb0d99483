"""Weights that a file stores without their zeros, beside the interpreter."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from advkeras.edge.lift import lift
from advkeras.edge.lift import sparse
from tests.edge.lift import handmade
from tests.edge.lift import running

SHAPE = (8, 12)
# XNNPACK refuses dense layers of such weights of 8 bits.
KERNELS = {"FLOAT32": ("reference", "default"), "INT8": ("reference",)}


def _level(size=None, segments=(), places=(), kind="Int32"):
    level = schema.DimensionMetadataT()
    if size is not None:
        level.format, level.denseSize = schema.DimensionType.DENSE, size
        return level
    level.format = schema.DimensionType.SPARSE_CSR
    for name, values in (("arraySegments", segments), ("arrayIndices", places)):
        vector = getattr(schema, f"{kind}VectorT")()
        vector.values = list(values)
        setattr(level, name, vector)
        kinds = schema.SparseIndexVector
        setattr(level, f"{name}Type", getattr(kinds, f"{kind}Vector"))
    return level


def _rows(whole, kind="Int32"):
    """Row by row, of each what is not 0."""
    places = [np.flatnonzero(row) for row in whole]
    ends = np.cumsum([0, *map(len, places)])
    levels = [
        _level(len(whole)),
        _level(None, ends, np.concatenate(places), kind),
    ]
    return [0, 1], [], levels, whole[whole != 0]


def _columns(whole):
    """The same, column by column."""
    _, blocks, levels, values = _rows(whole.T)
    return [1, 0], blocks, levels, values


def _blocks(whole):
    """Row by row, in blocks of 1 x 4."""
    blocks = whole.reshape(len(whole), -1, 4)
    _, _, levels, _ = _rows(np.abs(blocks).max(axis=-1))
    values = blocks[np.abs(blocks).max(axis=-1) > 0].ravel()
    return [0, 1, 2], [1], [*levels, _level(4)], values


WAYS = {"rows": _rows, "columns": _columns, "blocks": _blocks}


def _whole(dtype):
    random = np.random.default_rng(0)
    whole = random.integers(-127, 128, SHAPE) * (random.random(SHAPE) < 0.3)
    whole.reshape(8, 3, 4)[random.random((8, 3)) < 0.4] = 0
    return whole / 100 if dtype == "FLOAT32" else whole


def _said(order, blocks, levels):
    made = schema.SparsityParametersT()
    made.traversalOrder, made.blockMap = order, blocks
    made.dimMetadata = levels
    return made


def _content(dtype, way, change=None):
    """Returns the bytes of a dense layer of sparse weights."""
    net = handmade.Net(dtype, (1, SHAPE[1]))
    order, blocks, levels, values = WAYS[way](_whole(dtype))
    said = _said(order, blocks, levels)
    if change is not None:
        change(said)
    grid = (1 / 100, 0) if dtype == "INT8" else None
    stored = net.tensor(SHAPE, dtype, grid, values, sparsity=said)
    weights = net.tensor(SHAPE, dtype, grid)
    net.operator("DENSIFY", [stored], [weights], "DensifyOptions")
    net.add(
        "FULLY_CONNECTED",
        [net.given, weights, -1],
        (1, SHAPE[0]),
        "FullyConnectedOptions",
        (20 / 255, 3) if grid else None,
    )
    return net.content()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["FLOAT32", "INT8"])
def test_a_dense_layer(graph_of, dtype, way):
    graph = graph_of(_content(dtype, way))
    assert [op.name for op in graph.operators] == ["FULLY_CONNECTED"]
    weights = graph.operators[0].inputs[1].data
    expected = _whole(dtype)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert 0 < (weights == 0).mean() < 1
    images = np.random.default_rng(1).normal(size=(3, SHAPE[1])).astype("f")
    running.compare(graph, [[images]], KERNELS[dtype], steps=0)
    found = np.array(lift(graph)(images))
    unit = 1 if dtype == "FLOAT32" else 100
    np.testing.assert_allclose(found, images @ expected.T / unit, atol=0.2)


@pytest.mark.parametrize("kind", ["Uint8", "Uint16"])
def test_places_of_few_bits(graph_of, kind, monkeypatch):
    monkeypatch.setitem(WAYS, "few", lambda whole: _rows(whole, kind))
    graph = graph_of(_content("FLOAT32", "few"))
    weights = graph.operators[0].inputs[1].data
    np.testing.assert_allclose(weights, _whole("FLOAT32"), rtol=1e-6)


def _wrong(part, value, level=None):
    def change(said):
        owner = said if level is None else said.dimMetadata[level]
        if part.startswith("array"):
            owner = getattr(owner, part)
            owner.values[-1] = value
        else:
            setattr(owner, part, value)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_wrong("traversalOrder", [0, 0]), r"in the order \[0, 0\]"),
        (_wrong("blockMap", [7]), "in the order"),
        (_wrong("dimMetadata", []), "0 levels"),
        (_wrong("denseSize", 9, 0), "9 of a dimension of 8"),
        (_wrong("arrayIndices", 12, 1), "in 12"),
        (_wrong("arraySegments", 99, 1), "places in 99"),
        (_wrong("arraySegments", -5, 1), "its segments end at"),
    ],
)
def test_what_cannot_be(graph_of, change, reason):
    with pytest.raises(ValueError, match=f"tensor 1 is sparse: .*{reason}"):
        graph_of(_content("FLOAT32", "rows", change))


def test_values_that_have_no_place():
    order, blocks, levels, values = _rows(_whole("FLOAT32"))
    whole = np.append(values, 1.0)
    builder_said = _said(order, blocks, levels)
    with pytest.raises(ValueError, match=f"{len(values)} places for"):
        sparse.spread(_packed(builder_said), whole, SHAPE)


def test_blocks_that_do_not_fit():
    order, blocks, levels, values = _blocks(_whole("FLOAT32"))
    levels[2].denseSize = 5
    with pytest.raises(ValueError, match="blocks of 5 along 12"):
        sparse.spread(_packed(_said(order, blocks, levels)), values, SHAPE)


def _packed(said):
    """Returns what the format says, as it is read."""
    builder = flatbuffers.Builder(0)
    builder.Finish(said.Pack(builder))
    return schema.SparsityParameters.GetRootAs(bytes(builder.Output()))
