"""Recurrent layers, fused and as loops, beside the real interpreter."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers

import advkeras as ak
from advkeras.edge.lift import lift
from tests.edge.lift import files
from tests.edge.lift import recurrent
from tests.edge.lift import running

KINDS = ("float32", "dynamic", "int8")
UNITS = {"float32": 9, "dynamic": 40, "int8": 9}  # of 40 weights are large


@pytest.fixture(scope="module")
def rows():
    """Images of noise, line by line."""
    return np.random.default_rng(0).random((40, *recurrent.SHAPE), "f")


@pytest.fixture(scope="module")
def contents(tmp_path_factory, rows):
    """One LSTM as a file of each kind."""
    folder = tmp_path_factory.mktemp("saved")
    return {
        kind: recurrent.fused(
            recurrent.classifier(units), kind, folder / kind, rows
        )
        for kind, units in UNITS.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_fused_lstm(graph_of, contents, rows, kind):
    graph = graph_of(contents[kind])
    name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    assert graph.operators[0].name == name
    # TensorFlow Lite Micro takes weights of 8 bits for floats.
    kernels = set(running.RUNTIMES) - ({"tflm"} if kind == "dynamic" else set())
    # A range of its own for every row of every image, and step.
    relative = 1e-3 if kind == "dynamic" else 1e-5
    running.compare(graph, [[rows]], kernels, steps=0, relative=relative)


def _another_zero(operator, graph):
    for index in (
        operator.inputs[18],
        operator.intermediates[4],
        operator.outputs[0],
        graph.operators[1].outputs[0],
    ):
        graph.tensors[index].quantization.zeroPoint = [17]


def _cells_of(power):
    def change(operator, graph):
        graph.tensors[operator.inputs[19]].quantization.scale = [2.0**power]

    return change


def _clipped_at(end):
    def change(operator, graph):
        operator.builtinOptions.cellClip = end

    return change


CHANGES = {
    "zero point": _another_zero,
    "coarse cells": _cells_of(-10),
    "fine cells": _cells_of(-15),
    "clipped": _clipped_at(0.3),
    "not clipped": _clipped_at(0.0),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if "cells" in name else [])
        for name in CHANGES
    ],
)
def test_integers_are_those_of_every_runtime(graph_of, contents, rows, name):
    content = recurrent.changed(contents["int8"], CHANGES[name])
    # A step of the scores is many of what is written before: these, too.
    content = recurrent.changed(
        content,
        lambda op, graph: graph.outputs.__setitem__(0, op.outputs[0]),
    )
    running.compare(
        graph_of(content), [[3 * rows]], list(running.RUNTIMES), steps=0
    )


def test_a_file_that_takes_step_after_step(tmp_path, graph_of, rows):
    model = recurrent.classifier(9)
    graph = graph_of(
        recurrent.fused(model, "float32", tmp_path / "saved", time_major=True)
    )
    assert graph.inputs[0].shape == (28, 1, 28)
    (one,) = running.real(graph, "default", [rows[:1].reshape(28, 1, 28)])
    found = lift(graph)(rows[:1].reshape(28, 1, 28))
    np.testing.assert_allclose(found, one, atol=1e-5)


def test_what_is_no_lstm_of_keras(graph_of, contents):
    def with_peepholes(operator, graph):
        operator.inputs[9:12] = operator.inputs[12:15]

    content = recurrent.changed(contents["float32"], with_peepholes)
    with pytest.raises(ValueError, match=r"operator 0, .* it has peepholes"):
        lift(graph_of(content))


def test_cells_of_a_scale_that_no_kernel_takes(graph_of, contents):
    def change(operator, graph):
        graph.tensors[operator.inputs[19]].quantization.scale = [0.0003]

    content = recurrent.changed(contents["int8"], change)
    with pytest.raises(ValueError, match="is no power of two"):
        lift(graph_of(content))


@pytest.mark.parametrize("runtime", running.RUNTIMES.values())
@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_no_image_is_told_of_the_one_before(
    graph_of, contents, rows, kind, runtime
):
    path = graph_of(contents[kind]).path
    with ak.edge.start(path, runtime) as session:
        outputs = session.predict(rows[:5]).outputs
        again = session.predict(rows[4::-1]).outputs
    np.testing.assert_array_equal(outputs, again[::-1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack(graph_of, contents, rows, kind):
    classifier = ak.load(graph_of(contents[kind]).path, bounds=(0, 1))
    labels = classifier.predict(rows)
    result = ak.attacks.FGSM(epsilon=0.5)(classifier, rows, labels)
    assert (result.images != rows).any(axis=(1, 2)).all()
    assert result.success.mean() > 0.5
    with ak.edge.start(classifier.path) as session:
        said = session.predict(result.images).labels
    np.testing.assert_array_equal(result.success, said != labels)


LAYERS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "both ways": lambda units: layers.Bidirectional(layers.LSTM(units)),
}


@pytest.fixture(scope="module")
def loops():
    """Recurrent layers that the converter does not fuse, in float32."""
    models = {
        name: recurrent.classifier(6, layer, batch_size=1)
        for name, layer in LAYERS.items()
    }
    return {
        name: files.converted(
            lambda x, model=model: [model(x)],
            [(*recurrent.SHAPE, 1)],
            "float32",
            batch=1,
        )
        for name, model in models.items()
    }


@pytest.mark.parametrize("name", LAYERS)
def test_a_loop(graph_of, loops, rows, name):
    graph = graph_of(loops[name])
    assert "WHILE" in [op.name for op in graph.operators]
    images = rows[:9, ..., None]
    running.compare(graph, [[images]], list(running.RUNTIMES))


def test_a_loop_has_gradients(graph_of, loops, rows):
    classifier = ak.load(graph_of(loops["gru"]).path, bounds=(0, 1))
    images = rows[:9, ..., None]
    labels = classifier.predict(images)
    result = ak.attacks.FGSM(epsilon=0.5)(classifier, images, labels)
    assert (result.images != images).any(axis=(1, 2, 3)).all()
    with ak.edge.start(classifier.path) as session:
        said = session.predict(result.images).labels
    np.testing.assert_array_equal(result.success, said != labels)


def _looped(condition, body):
    return lambda x: list(tf.while_loop(condition, body, (0, x)))[1:]


@pytest.mark.parametrize("batch", [None, 1], ids=["any", "one"])
def test_a_loop_over_many_images(graph_of, batch):
    """In steps of 3, from 0 to 10: 4 of them."""
    function = _looped(lambda i, _: i < 10, lambda i, x: (i + 3, 2 * x + 1))
    graph = graph_of(files.converted(function, [(5,)], "float32", batch))
    assert [op.name for op in graph.operators] == ["WHILE"]
    given = np.random.default_rng(0).random((7, 5), np.float32)
    np.testing.assert_allclose(lift(graph)(given), 16 * given + 15, rtol=1e-6)
    running.compare(graph, [[given]])


@pytest.mark.parametrize(
    ("condition", "body", "reason"),
    [
        (
            lambda i, x: tf.reduce_max(x) < 9.0,
            lambda i, x: (i, 2.0 * x + 1.0),
            "its number of steps depends on the images",
        ),
        (
            lambda i, x: i > -1,
            lambda i, x: (i + 1, 0.5 * x),
            "takes more than 10000 steps",
        ),
    ],
    ids=["images", "endless"],
)
def test_a_loop_whose_steps_cannot_be_told(graph_of, condition, body, reason):
    function = _looped(condition, body)
    content = files.converted(function, [(5,)], "float32")
    with pytest.raises(ValueError, match=f"WHILE, .*{reason}"):
        lift(graph_of(content))


def test_a_loop_in_a_loop(graph_of):
    inner = _looped(lambda i, _: i < 3, lambda i, x: (i + 1, tf.sin(x)))
    function = _looped(lambda i, _: i < 2, lambda i, x: (i + 1, inner(x)[0]))
    content = files.converted(function, [(5,)], "float32")
    with pytest.raises(ValueError, match=r"in graph \d, .* is in a loop"):
        graph_of(content)


def test_a_loop_of_what_is_not_known(graph_of):
    function = _looped(
        lambda i, _: i < 3, lambda i, x: (i + 1, tf.math.cumsum(x))
    )
    content = files.converted(function, [(5,)], "float32")
    with pytest.raises(ValueError, match=r"in graph 2, operator \d, CUMSUM"):
        graph_of(content)


def _loop(graph):
    """Returns the options of the first loop of a graph."""
    options = [op.builtinOptions for op in graph.operators]
    return next(o for o in options if isinstance(o, schema.WhileOptionsT))


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_loop_of_what_is_not_there(graph_of, loops, number):
    def change(operator, graph):
        _loop(graph).bodySubgraphIndex = number

    with pytest.raises(ValueError, match=f"repeats graph {number}"):
        graph_of(recurrent.changed(loops["gru"], change))


def test_a_loop_whose_parts_do_not_fit(graph_of, loops):
    def change(operator, graph):
        _loop(graph).bodySubgraphIndex = 1

    content = recurrent.changed(loops["gru"], change)
    with pytest.raises(ValueError, match="WHILE, has parts that do not fit"):
        lift(graph_of(content))


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_trained_layers(tmp_path, name):
    """As they are exported: one image at a time, or step by step written out.

    The quantiser takes no loop.
    """
    train, test = ak.datasets.load("mnist5k", ("train", "test[:256]"))
    model = recurrent.classifier(24, LAYERS[name])
    recurrent.train(model, train)
    alone = recurrent.classifier(24, LAYERS[name], batch_size=1)
    alone.set_weights(model.get_weights())
    exported = ak.edge.export(
        alone, tmp_path, ("float32", "dynamic", "int8"), train.images[:50]
    )
    assert set(exported) == {"float32", "dynamic"}
    for path in exported.values():
        found = ak.edge.agreement(path, test.images).outputs[0]
        assert found.top_1.count == found.top_1.n == 256
        classifier = ak.load(path, bounds=(0, 1))
        result = ak.attacks.FGSM(epsilon=0.1)(
            classifier, test.images, test.labels
        )
        assert result.success.mean() > 0.5


@pytest.mark.slow
def test_a_trained_lstm(tmp_path):
    train, test = ak.datasets.load("mnist5k", ("train", "test[:256]"))
    model = recurrent.classifier(48)
    recurrent.train(model, train)
    images = train.images[:200, ..., 0]
    for kind in KINDS:
        path = tmp_path / f"{kind}.tflite"
        saved = tmp_path / kind
        path.write_bytes(recurrent.fused(model, kind, saved, images))
        found = ak.edge.agreement(path, test.images[..., 0]).outputs[0]
        assert found.top_1.count == found.top_1.n == 256
        if kind == "int8":
            assert found.difference.largest == 0
        classifier = ak.load(path, bounds=(0, 1)).taking((28, 28, 1))
        right = classifier.predict(test.images) == test.labels
        assert right.mean() > 0.8
        fgsm = ak.attacks.FGSM(epsilon=0.1)
        result = fgsm(classifier, test.images, test.labels)
        assert result.success.mean() > 0.5
