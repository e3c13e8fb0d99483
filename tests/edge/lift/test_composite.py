"""Operators that are a part of the file, beside the real interpreter."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

from advkeras.edge.lift import lift
from tests.edge.lift import files
from tests.edge.lift import running

SHAPE = (6, 5, 8)
GROUPS, EPSILON = 2, 1e-3


def group_norm(x):
    """Of channels by groups, as odml.group_norm is written out."""
    rows = tf.reshape(x, (-1, *SHAPE[:2], GROUPS, SHAPE[2] // GROUPS))
    mean = tf.reduce_mean(rows, (1, 2, 4), keepdims=True)
    centred = rows - mean
    variance = tf.reduce_mean(centred * centred, (1, 2, 4), keepdims=True)
    normal = centred * tf.math.rsqrt(variance + EPSILON)
    scale = np.linspace(0.5, 1.5, SHAPE[2], dtype="f")
    return [tf.reshape(normal, (-1, *SHAPE)) * scale + scale[::-1]]


def _content(kind="float32", batch=1, numbers=(1,)):
    """Returns the bytes of a file of composites, and what the last is made of.

    Args:
        kind: One of `files.KINDS`.
        batch: Images at a time.
        numbers: Of the graph that each says that it is.
    """
    content = files.converted(group_norm, [SHAPE], kind, batch)
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (part,) = model.subgraphs
    model.signatureDefs = None
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.STABLEHLO_COMPOSITE
    code.deprecatedBuiltinCode, code.version = 127, 1
    model.operatorCodes.append(code)
    model.subgraphs = [
        *(
            _of_one(part, number, len(model.operatorCodes) - 1)
            for number in numbers
        ),
        part,
    ]
    return files.packed(model)


def _of_one(part, number, code):
    """Returns a graph of one composite, that reads and writes as a part."""
    graph, operator = schema.SubGraphT(), schema.OperatorT()
    graph.tensors = [part.tensors[i] for i in (part.inputs[0], part.outputs[0])]
    graph.inputs = operator.inputs = [0]
    graph.outputs = operator.outputs = [1]
    graph.operators = [operator]
    operator.opcodeIndex = code
    options = operator.builtinOptions2 = schema.StableHLOCompositeOptionsT()
    operator.builtinOptions2Type = (
        schema.BuiltinOptions2.StableHLOCompositeOptions
    )
    options.name, options.version = "odml.group_norm", 1
    options.decompositionSubgraphIndex = number
    said = flexbuffers.Dumps({"num_groups": GROUPS, "epsilon": EPSILON})
    options.compositeAttributes = list(said)
    return graph


def images(n, low=-3.0, high=3.0):
    return np.random.default_rng(n).uniform(low, high, (n, *SHAPE)).astype("f")


@pytest.mark.parametrize("batch", [None, 1], ids=["any", "one"])
@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
def test_a_group_norm(graph_of, kind, batch):
    graph = graph_of(_content(kind, batch))
    assert [op.name for op in graph.operators] == ["STABLEHLO_COMPOSITE"]
    values = images(3)
    kernels = ("reference", "default")
    running.compare(graph, [[images(1)], [values]], kernels)
    (expected,) = group_norm(values)
    found = np.array(lift(graph)(values))
    off = 0.1 if kind == "int8" else 5e-3
    np.testing.assert_allclose(found, expected, atol=off)


def test_its_gradient(graph_of):
    model = lift(graph_of(_content()))
    values = tf.constant(images(3))
    found = []
    for function in (model, lambda given: group_norm(given)[0]):
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.reduce_sum(tf.sin(function(values)))
        found.append(tape.gradient(total, values).numpy())
    assert np.abs(found[1]).max() > 0.1
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-5)


def test_what_is_not_there(graph_of):
    with pytest.raises(ValueError, match="operator 0 repeats graph 2"):
        graph_of(_content(numbers=(2,)))


def test_one_in_another(graph_of):
    with pytest.raises(
        ValueError, match=r"in graph 1, operator 0, .* in a loop or composite"
    ):
        graph_of(_content(numbers=(1, 2)))
