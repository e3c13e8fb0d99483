"""Files that mix images, broken graphs, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from advkeras.edge.lift import lift
from advkeras.edge.lift import read
from advkeras.edge.lift.model import as_program
from advkeras.edge.lift.samples import held_bounds
from tests.edge.lift import files
from tests.edge.lift import handmade
from tests.edge.lift import running
from tests.edge.lift.handmade import Net

SHAPE = (4, 5, 3)


def images(n, shape=SHAPE, scale=1.0):
    random = np.random.default_rng(n)
    return random.uniform(0, scale, (n, *shape)).astype("f")


def _turned(x):
    """Rows of images become rows of a batch, and are images again."""
    rows = tf.transpose(x, (1, 0, 2, 3))
    rows = tf.nn.conv2d(rows, tf.ones((1, 3, 3, 4)), 1, "SAME")
    return [tf.transpose(rows, (1, 0, 2, 3))]


MIXED = {
    "first of all": lambda x: [x[0] * 2],
    "largest of all": lambda x: [x / tf.reduce_max(x)],
    "mean over pixels": lambda x: [tf.reduce_mean(tf.squeeze(x, 0), 0)],
    "number": lambda x: [tf.reduce_sum(x)],
    "tiled": lambda x: [tf.tile(x, (2, 1, 1, 1))],
    "gathered": lambda x: [tf.gather(x, (0, 0), axis=0)],
    "all as one row": lambda x: [tf.nn.softmax(tf.reshape(x, (60,)))],
    "turned": lambda x: [
        tf.nn.softmax(tf.transpose(x, (1, 0, 2, 3)), axis=1) * 2
    ],
}


@pytest.mark.parametrize("name", MIXED)
def test_each_image_has_its_own_answer(graph_of, name):
    """Where a file of one image mixes what lies along the first dimension."""
    graph = graph_of(files.converted(MIXED[name], [SHAPE], "float32", 1))
    program = as_program(graph)
    assert program.each_alone
    given = images(3)
    found = lift(program)(given)
    # A file's first dimension need not be of images, and may not be there.
    (expected,) = running.real(graph, "default", [given])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("batch", "kind"), [(1, "float32"), (1, "int8"), (None, "float32")]
)
def test_dimensions_that_come_back(graph_of, batch, kind):
    graph = graph_of(files.converted(_turned, [SHAPE], kind, batch, 0, 1))
    running.compare(graph, [[images(3)]])


def test_a_file_of_large_pixels_is_tried_with_such(graph_of):
    """With noise within 0 .. 1 all images would be alike, and mix unseen."""
    net = Net("UINT8", (1, 4, 1, 2), fixed=True, grid=(8.0, 0))
    mixed = net.images((4, 1, 1, 2), (8.0, 0))
    perm = net.integers(1, 0, 2, 3)
    net.operator("TRANSPOSE", [net.given, perm], [mixed])
    net.add("RESHAPE", [mixed], (1, 8), grid=(8.0, 0))
    program = as_program(graph_of(net.content()))
    assert program.each_alone


def test_images_that_are_kept_apart(graph_of):
    def function(x):
        return [tf.reshape(tf.nn.relu(x - 0.5), (1, 60)), tf.reduce_max(x, 2)]

    for batch in (None, 1):
        made = files.converted(
            function if batch else lambda x: [x - 0.5],
            [SHAPE],
            "float32",
            batch,
        )
        assert not as_program(graph_of(made)).each_alone


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_images_of_any_size(graph_of, kind):
    """A net without a dense layer has no size of its own."""

    def function(x):
        n, height, width = tf.unstack(tf.shape(x)[:3])
        values = tf.nn.conv2d(x, tf.ones((3, 3, 3, 2)) / 9, 1, "SAME")
        flat = tf.reshape(values, (n, height * width, 2))
        return [flat, tf.reduce_mean(values, (1, 2))]

    content = files.converted(
        function, [(None, None, 3)], kind, low=0, high=1, sizes=SHAPE
    )
    graph = graph_of(content)
    assert graph.inputs[0].signature == (-1, -1, -1, 3)
    model = lift(graph)
    for shape in (SHAPE, (7, 6, 3)):
        given = images(2, shape)
        found = model(given)
        expected = running.real(graph, "default", [given])
        scales = [running.step(graph, tensor) for tensor in graph.outputs]
        for one, other, scale in zip(found, expected, scales, strict=True):
            running.close(np.array(one), other, scale, "")


def test_integers_are_divided_as_such(graph_of):
    net = Net("FLOAT32")
    place = net.tensor((1,), "INT32")
    net.operator(
        "DIV", [net.integers(-7), net.integers(-2)], [place], "DivOptions"
    )
    options = {"axis": 1, "batchDims": 0}
    net.add(
        "GATHER", [net.given, place], (1, 1, 5, 4), "GatherOptions", **options
    )
    given = images(2, (6, 5, 4))
    found = lift(graph_of(net.content()))(given)
    np.testing.assert_array_equal(found, given[:, 3:4])


def test_an_operator_that_is_not_known(graph_of, tmp_path):
    content = files.converted(
        lambda x: [tf.math.cumsum(tf.nn.relu(x), 1)], [SHAPE], "float32"
    )
    with pytest.raises(ValueError) as caught:
        lift(graph_of(content))
    said = str(caught.value)
    assert "operator 1, CUMSUM, is not known" in said
    assert str(tmp_path / "made.tflite") in said and "\n" not in said


@pytest.mark.parametrize("ends", [([], [0]), ([0], []), ([], [])])
def test_no_inputs_or_no_outputs(graph_of, ends):
    net = Net("FLOAT32")
    with pytest.raises(
        ValueError, match=r"[01] (inputs|outputs)|nothing writes"
    ):
        lift(graph_of(net.packed(*ends)))


def test_an_operator_that_cannot_work(graph_of, tmp_path):
    net = Net("FLOAT32")
    net.add("RELU", [net.given], (1, 6, 5, 4))
    net.add("MEAN", [net.given, net.integers(9)], (1, 6), "ReducerOptions")
    with pytest.raises(ValueError) as caught:
        lift(graph_of(net.content()))
    said = str(caught.value)
    assert "operator 1, MEAN, cannot work as the file has it" in said
    assert str(tmp_path / "made.tflite") in said and "\n" not in said


@pytest.mark.parametrize(
    ("margins", "shape"),
    [
        # 2 GB, where only the first size is open.
        ([1 << 20, 0, 0, 0, 0, 0, 0, 0], (1, 6, 5, 4)),
        ([1 << 30, 1 << 30, 0, 0, 0, 0, 0, 0], (1, 6, 5, 4)),
        ([0, 0, 1 << 30, 0, 0, 0, 0, 0], (1, 6, 5, 4)),
        ([0, 0, -3, 0, 0, 0, 0, 0], (1, 3, 5, 4)),
    ],
)
def test_what_would_be_too_large(graph_of, margins, shape):
    net = Net("FLOAT32", (1, 6, 5, 16))
    sizes = net.tensor((4, 2), "INT32", data=margins)
    net.add("PAD", [net.given, sizes], (*shape[:3], 16))
    with pytest.raises(ValueError, match="operator 0, PAD, cannot work"):
        lift(graph_of(net.content()))


def test_an_image_that_would_be_too_large(graph_of):
    net = Net("FLOAT32", (1, 1 << 13, 1 << 13, 1))
    net.add("RELU", [net.given], (1, 1 << 13, 1 << 13, 1))
    with pytest.raises(ValueError, match="input is of shape"):
        lift(graph_of(net.content()))


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ((1e38, 0), "scales that are no lengths"),
        ((-1.0, 0), "scales that are no lengths"),
        ((float("nan"), 0), "scales that are no lengths"),
        ((1.0, 128), "cannot hold its zero point"),
        (([1.0, 2.0], [0, 0]), "2 scales and 2 zero points"),
        (([1.0], [0, 0]), "1 scales and 2 zero points"),
    ],
)
def test_scales_that_cannot_be(graph_of, grid, reason):
    net = Net("INT8", (1, 5))
    net.add("RELU", [net.given], (1, 5), grid=grid)
    with pytest.raises(ValueError, match=reason):
        graph_of(net.content())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            handmade.with_a_state("LSTM"),
            "operator 0, LSTM, is not known",
        ),
        (handmade.with_a_state("my-op"), "operator 0, my-op, is not known"),
        (
            handmade.with_a_state("ethos-u"),
            "operator 0, ethos-u, is compiled for an Ethos-U by Vela, which "
            "alone can run it: bring the file from before",
        ),
        (
            handmade.with_a_state("edgetpu-custom-op"),
            "edgetpu-custom-op, is compiled for an Edge TPU",
        ),
        (handmade.with_a_state("ADD"), "tensor 1, 'tensor 1', keeps a state"),
        (handmade.sparse(), "tensor 1, 'tensor 1', is sparse"),
    ],
    ids=["lstm", "custom", "vela", "edge tpu", "state", "sparse"],
)
def test_what_is_not_supported_is_not_called_broken(graph_of, content, said):
    with pytest.raises(ValueError, match="that can be lifted") as caught:
        graph_of(content)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_filter_that_is_0_and_a_layer_that_is_dead(graph_of):
    """Their scales are 0, or as small as can be."""
    grid = (1 / 9000, 0)
    net = Net("INT16", (1, 4, 5, 3), grid=grid)
    scales = np.array([0, 1 / 120, 1 / 90])
    integers = net.random.integers(-127, 128, (3, 1, 1, 3))
    filters = net.tensor((3, 1, 1, 3), "INT8", (scales, [0, 0, 0]), integers)
    bias = net.tensor(
        (3,), "INT64", (grid[0] * scales, [0, 0, 0]), (5, 700, -900)
    )
    how = {"padding": handmade.VALID, "strideW": 1, "strideH": 1}
    how |= {"dilationWFactor": 1, "dilationHFactor": 1}

    def convolved(given, scale):
        return net.add(
            "CONV_2D",
            [given, filters, bias],
            (1, 4, 5, 3),
            "Conv2DOptions",
            (scale, 0),
            **how,
        )

    convolved(net.given, 1 / 7000)
    convolved(convolved(net.given, 1e-45), 1 / 7000)
    graph = graph_of(net.content())
    found = [np.array(one) for one in lift(graph)(images(3))]
    expected = running.real(graph, "default", [images(3)])
    for one, other in zip(found, expected, strict=True):
        running.close(one, other, 1 / 7000, "", steps=2)
    assert not found[0][..., 0].any() and found[0][..., 1].any()
    assert not found[1].any()


def test_integers_of_32_bits_are_rounded(graph_of):
    net = Net("INT32", (1, 3))
    floats = net.tensor((1, 3), signature=[-1, 3])
    net.operator("CAST", [net.given], [floats], "CastOptions")
    graph = graph_of(net.content([floats]))
    given = np.array([[0.5, 1.5, -2.4], [254.6, 99999.7, 1e6]], np.float32)
    found = lift(graph)(given)
    np.testing.assert_array_equal(found, np.rint(given))
    assert held_bounds(graph) == (0, 255)


def test_32_bits_of_a_scale(graph_of):
    net = Net("INT32", (1, 3), grid=(0.5, 0))
    net.add("RELU", [net.given], (1, 3), grid=(0.5, 0))
    with pytest.raises(ValueError, match="input 0 is int32 of a scale"):
        lift(graph_of(net.content()))


def test_a_shape_that_is_computed_of_images_of_any_size(graph_of):
    def function(x):
        n, height, width = tf.unstack(tf.shape(x)[:3])
        shape = (n, 2 * height, 2 * width, 4)
        return [tf.nn.conv2d_transpose(x, tf.ones((3, 3, 4, 3)), shape, 2)]

    graph = graph_of(files.converted(function, [(None, None, 3)], "float32"))
    for shape in (SHAPE, (7, 6, 3)):
        given = images(2, shape)
        (expected,) = running.real(graph, "default", [given])
        running.close(np.array(lift(graph)(given)), expected, None, "")


@pytest.mark.parametrize("first", [True, False])
def test_a_shape_that_is_an_input(graph_of, first):
    net = Net("FLOAT32", (1, 4, 3, 3))
    shape = net.tensor((4,), "INT32")
    filters, _ = net.weights((4, 3, 3, 3), 4)
    net.add(
        "TRANSPOSE_CONV",
        [shape, filters, net.given],
        (1, 8, 6, 4),
        "TransposeConvOptions",
        padding=handmade.SAME,
        strideW=2,
        strideH=2,
    )
    ends = [shape, net.given] if first else [net.given, shape]
    with pytest.raises(
        ValueError,
        match=r"operator 0, TRANSPOSE_CONV, .*tensor 1, .* constant",
    ):
        lift(graph_of(net.packed(ends, net.outputs)))


def test_a_file_that_came_with_a_package():
    tflm = pytest.importorskip("tflite_micro.python.tflite_micro")
    path = Path(tflm.__path__[0]) / "sine_float.tflite"
    running.compare(read(path), [[images(n, shape=(1,))] for n in (1, 3)])
