"""The logits below the scores of a file, and files of a single score."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.edge.lift import TfliteClassifier
from advkeras.edge.lift import lift
from advkeras.edge.lift.reader import read
from advkeras.edge.lift.scores import end_of
from advkeras.edge.lift.scores import logits_of
from tests.edge.lift.handmade import Net

PROBABILITIES = (1 / 256, -128)
IMAGES = np.random.default_rng(0).normal(size=(50, 1, 1, 4)).astype("f")


@pytest.fixture
def written(tmp_path):
    """Writes a net; returns its path."""

    def written(net):
        path = tmp_path / "made.tflite"
        path.write_bytes(net.content(net.outputs[-1:]))
        return path

    return written


def ending(name="SOFTMAX", beta=1.0, dtype="FLOAT32", classes=4):
    """Returns a net of one last operator, and the index of its output."""
    net = Net(dtype, (1, 1, 1, classes))
    kind = {"SOFTMAX": {"kind": "SoftmaxOptions", "beta": beta}}
    shape = (1, 1, 1, classes)
    grid = None if dtype == "FLOAT32" else PROBABILITIES
    return net, net.add(
        name, [net.given], shape, grid=grid, **kind.get(name, {})
    )


def constant(net, value):
    if net.dtype == "FLOAT32":
        return net.tensor((1,), data=[value])
    return net.tensor((1,), "INT8", PROBABILITIES, [256 * value - 128])


def squeezed(net, x):
    return net.add("SQUEEZE", [x], (1, 4), "SqueezeOptions", squeezeDims=[1, 2])


def after_all(net, x):
    x = net.add("RELU_0_TO_1", [x], (1, 1, 1, 4))
    x = net.add("MINIMUM", [constant(net, 1.0), x], (1, 1, 1, 4))
    x = net.add("MAXIMUM", [x, constant(net, 0.0)], (1, 1, 1, 4))
    x = net.add("MAXIMUM", [x, constant(net, -2.0)], (1, 1, 1, 4))
    x = net.add("RESHAPE", [x, net.integers(-1, 4)], (1, 4))
    x = net.add("EXPAND_DIMS", [x, net.integers(1)], (1, 1, 4))
    half = net.tensor((1, 1, 4), "FLOAT16", signature=[-1, 1, 4])
    types = {"inDataType": 0, "outDataType": 1}
    net.operator("CAST", [x], [half], "CastOptions", **types)
    return net.add("CAST", [half], (1, 1, 4), "CastOptions")


AFTER = {
    "all": after_all,
    "squeeze": squeezed,
    "nothing": lambda net, x: x,
    "reshape": lambda net, x: net.add(
        "RESHAPE", [x, net.integers(-1, 4)], (1, 4)
    ),
}


@pytest.mark.parametrize("beta", [1.0, 0.25])
@pytest.mark.parametrize("after", AFTER)
def test_what_follows_a_softmax_is_taken_off(after, beta, written):
    net, softmax = ending(beta=beta)
    AFTER[after](net, softmax)
    path = written(net)
    model = lift(path, "logits")
    assert model.output_shape == (None, 4)
    np.testing.assert_allclose(
        model(IMAGES), beta * IMAGES.reshape(-1, 4), rtol=1e-6
    )
    scores = np.array(lift(path)(IMAGES)).reshape(-1, 4)
    np.testing.assert_allclose(tf.nn.softmax(model(IMAGES)), scores, atol=1e-3)
    copy = TfliteClassifier(path, (-9, 9))
    assert copy.outputs == "probabilities"
    expected = IMAGES.reshape(-1, 4).argmax(axis=1).tolist()
    assert copy.predict(IMAGES).tolist() == expected
    assert copy.lifted_predict(IMAGES).tolist() == expected


CHANGING = {
    "a cap": lambda net, x: net.add(
        "MINIMUM", [x, constant(net, 0.75)], (1, 1, 1, 4)
    ),
    "a floor": lambda net, x: net.add(
        "MAXIMUM", [x, constant(net, 0.125)], (1, 1, 1, 4)
    ),
    "two rows": lambda net, x: net.add(
        "RESHAPE", [x, net.integers(-1, 2, 2)], (1, 2, 2)
    ),
    "a function": lambda net, x: net.add("SQRT", [x], (1, 1, 1, 4)),
    "its own image": lambda net, x: net.add("MINIMUM", [x, x], (1, 1, 1, 4)),
}


@pytest.mark.parametrize("after", CHANGING)
def test_what_changes_probabilities_is_not(after, written):
    net, softmax = ending()
    CHANGING[after](net, softmax)
    path = written(net)
    graph = read(path)
    assert logits_of(graph, graph.outputs[0]).kind is None
    np.testing.assert_array_equal(
        np.ravel(lift(path, "logits")(IMAGES)), np.ravel(lift(path)(IMAGES))
    )


def test_integers_that_hold_no_1(written):
    """255 of 256 is the most that they hold, and to cap that caps nothing."""
    for most, kind in ((255 / 256, "softmax"), (254 / 256, None)):
        net, softmax = ending(dtype="INT8")
        cap = constant(net, most)
        net.add("MINIMUM", [softmax, cap], (1, 1, 1, 4), grid=PROBABILITIES)
        graph = read(written(net))
        assert logits_of(graph, graph.outputs[0]).kind == kind


@pytest.mark.parametrize("dtype", ["FLOAT32", "INT8"])
def test_one_logistic_unit_is_two_classes(dtype, written):
    net, logistic = ending("LOGISTIC", dtype=dtype, classes=1)
    net.add(
        *("RESHAPE", [logistic, net.integers(-1, 1)], (1, 1)),
        grid=PROBABILITIES if dtype == "INT8" else None,
    )
    path = written(net)
    step = 6 / 255
    given = step * np.arange(-100, 101, dtype="f").reshape(-1, 1, 1, 1)
    logits = np.array(lift(path, "logits")(given))
    assert logits.shape == (201, 2)
    np.testing.assert_allclose(logits[:, 0], 0)
    np.testing.assert_allclose(logits[:, 1], given.ravel(), atol=1e-5)

    copy = TfliteClassifier(path, (-2.5, 2.5))
    assert (copy.num_classes, copy.outputs) == (2, "probabilities")
    expected = np.arange(201) > 100
    assert copy.predict(given).tolist() == expected.tolist()
    assert copy.lifted_predict(given).tolist() == expected.tolist()
    result = ak.attacks.FGSM(1.0)(copy, given, expected.astype(int))
    # 1 is 42.5 steps, of which an input of integers takes whole ones.
    within = np.abs(np.arange(-100, 101)) < 42
    assert result.success[within & (given.ravel() != 0)].all()
    assert not result.success[np.abs(given.ravel()) > 1.01].any()
    with pytest.raises(ValueError, match=r"ends in a logistic\..*='logits'"):
        TfliteClassifier(path, outputs="logits")


def test_one_score_of_any_size_is_no_classifier(written):
    net = Net("FLOAT32", (1, 1, 1, 1))
    net.add("RELU", [net.given], (1, 1, 1, 1))
    with pytest.raises(ValueError, match="at least 2 classes"):
        TfliteClassifier(written(net), (-9, 9))


def test_scores_of_more_dimensions(written):
    net = Net("FLOAT32", (1, 1, 1, 4))
    net.add("NEG", [net.given], (1, 1, 1, 4))
    path = written(net)
    assert lift(path).output_shape == (None, 1, 1, 4)
    copy = TfliteClassifier(path, (-9, 9))
    assert (copy.num_classes, copy.outputs) == (4, "logits")
    expected = IMAGES.reshape(-1, 4).argmin(axis=1).tolist()
    assert copy.predict(IMAGES).tolist() == expected
    assert copy.lifted_predict(IMAGES).tolist() == expected


def test_scores_of_every_pixel_are_no_row(written):
    net = Net("FLOAT32", (1, 2, 2, 3))
    net.add("SOFTMAX", [net.given], (1, 2, 2, 3), "SoftmaxOptions", beta=2.0)
    images = IMAGES[:12].reshape(4, 2, 2, 3)
    np.testing.assert_allclose(
        lift(written(net), "logits")(images), 2 * images, rtol=1e-6
    )


def test_scores_go_back_to_the_last_sum(written):
    net = Net("INT8", (1, 3, 3, 2))
    hidden = net.add("RELU", [net.given], (1, 3, 3, 2))
    means = net.add(
        *("MEAN", [hidden, net.integers(1, 2)], (1, 2), "ReducerOptions"),
        keepDims=False,
    )
    doubled = net.add("ADD", [means, means], (1, 2), "AddOptions")
    scores = net.add(
        *("SOFTMAX", [doubled], (1, 2), "SoftmaxOptions", PROBABILITIES),
        beta=1.0,
    )
    assert end_of(read(written(net))) == {means, doubled, scores}
