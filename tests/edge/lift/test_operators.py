"""Every operator: a file of it, lifted, beside the real interpreter."""

import numpy as np
import pytest

from advkeras.edge.lift import lift
from advkeras.edge.lift.operators import TABLE
from tests.edge.lift import handmade
from tests.edge.lift import running
from tests.edge.lift.nets import NETS

# In every quantised file.
CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}
ELSEWHERE = {
    "STABLEHLO_COMPOSITE",  # test_composite.py
    "SVDF",  # test_svdf.py
    "UNIDIRECTIONAL_SEQUENCE_LSTM",  # test_recurrent.py
    "WHILE",
}
DTYPES = ("FLOAT32", "INT8", "UINT8")
SHAPE = (6, 5, 4)


def _cases():
    for name, net in NETS.items():
        for kind in net.kinds:
            for batch in net.batches:
                size = "any" if batch is None else "one"
                # Shapes are those of float32, and numbers those without.
                seldom = kind in ("float16", "dynamic", "int16x8") or (
                    batch == 1 and kind != "float32" and None in net.batches
                )
                yield pytest.param(
                    net,
                    kind,
                    batch,
                    id=f"{name.replace(' ', '-')}-{kind}-{size}",
                    marks=[pytest.mark.slow] if seldom else [],
                )


def images(shapes, n, low=-3.0, high=3.0):
    random = np.random.default_rng(n)
    return [random.uniform(low, high, (n, *s)).astype("f") for s in shapes]


@pytest.mark.parametrize(("net", "kind", "batch"), list(_cases()))
def test_what_the_converter_writes(graph_of, net, kind, batch):
    graph = graph_of(net.content(kind, batch))
    assert set(net.operators) <= {op.name for op in graph.operators}
    running.compare(
        graph,
        [images(net.shapes, n, net.low, net.high) for n in (1, 3)],
        net.kernels,
        steps=net.steps,
        relative=net.relative,
    )


ACTIVATIONS = {
    name: getattr(handmade, name)
    for name in ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_fused_activations(graph_of, dtype, name):
    graph = graph_of(handmade.activations(dtype, ACTIVATIONS[name]))
    running.compare(graph, [images([SHAPE], n) for n in (1, 3)])


def test_a_fused_activation_that_kernels_pass_over(graph_of):
    graph = graph_of(handmade.activations("FLOAT32", handmade.TANH))
    with pytest.raises(
        ValueError, match=r"operator 0, CONV_2D, .* activation 4"
    ):
        lift(graph)


MADE = {
    "rows": (handmade.rows_of_a_table, ("EMBEDDING_LOOKUP",), SHAPE),
    "piecewise": (handmade.piecewise, ("RELU_0_TO_1", "PRELU"), SHAPE),
    "shapes": (handmade.shapes, ("SQUEEZE",), (6, 1, 4)),
    "strides": (handmade.strides, ("DEPTHWISE_CONV_2D", "CONV_2D"), SHAPE),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MADE)
def test_what_the_converter_does_not_write(graph_of, dtype, name):
    function, operators, shape = MADE[name]
    graph = graph_of(function(dtype))
    assert set(operators) <= {op.name for op in graph.operators}
    running.compare(graph, [images([shape], n) for n in (1, 3)])


@pytest.mark.parametrize("fixed", [False, True], ids=["any", "one"])
def test_an_old_uint8_classifier(graph_of, fixed):
    graph = graph_of(handmade.old_uint8(fixed))
    assert [op.name for op in graph.operators] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    given = images([(8, 8, 3)], 20)
    running.compare(graph, [given])
    found = np.array(lift(graph)(given)[-1])
    assert len(np.unique(found.argmax(axis=1))) > 1
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)


def test_integer_weights_and_float_images(graph_of):
    """Of one scale, and of ranges that are symmetric or not."""
    graph = graph_of(handmade.symmetric_ranges())
    both = [images([SHAPE], n) for n in (1, 3)]
    running.compare(graph, both, ["default"])
    # The reference kernels alone have ranges that are symmetric: other steps.
    running.compare(graph, both[:1], ["reference"], relative=0.01)


def test_a_bias_that_says_another_scale_than_it_has(graph_of):
    graph = graph_of(handmade.one_bias_of_two())
    # The default kernels refuse it; those of 16 bits do not.
    running.compare(graph, [images([SHAPE], 3)], ["reference"])


def test_dense_layers_that_keep_dimensions_and_do_not(graph_of):
    graph = graph_of(NETS["fully connected"].content("float32"))
    kept = {
        op.options["keepNumDims"]
        for op in graph.operators
        if op.name == "FULLY_CONNECTED"
    }
    assert kept == {False, True}


def test_every_operator_is_tested():
    tested = {name for net in NETS.values() for name in net.operators}
    tested |= {name for _, names, _ in MADE.values() for name in names}
    assert tested | CONVERSIONS | ELSEWHERE == set(TABLE)


def test_every_quantised_file_has_conversions(graph_of):
    graph = graph_of(NETS["convolutions"].content("int16x8"))
    assert {op.name for op in graph.operators} >= CONVERSIONS
