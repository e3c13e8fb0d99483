"""Files that mix images, broken graphs, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from advkeras.edge.lift import lift
from advkeras.edge.lift import read
from advkeras.edge.lift.model import as_program
from tests.edge.lift import files
from tests.edge.lift import running
from tests.edge.lift.handmade import Net

SHAPE = (4, 5, 3)


def images(n, shape=SHAPE, scale=1.0):
    random = np.random.default_rng(n)
    return random.uniform(0, scale, (n, *shape)).astype("f")


@pytest.fixture
def graph_of(tmp_path):
    """Returns what is read of a file of these bytes."""

    def graph_of(content):
        path = tmp_path / "made.tflite"
        path.write_bytes(content)
        return read(path)

    return graph_of


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
        ((1e-38, 0), "scales that are no lengths"),
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


def test_a_file_that_came_with_a_package():
    tflm = pytest.importorskip("tflite_micro.python.tflite_micro")
    path = Path(tflm.__path__[0]) / "sine_float.tflite"
    running.compare(read(path), [[images(n, shape=(1,))] for n in (1, 3)])
