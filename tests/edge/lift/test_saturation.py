"""Files whose scores are at the ends of int8: they have gradients, too."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.edge.lift import TfliteClassifier
from tests.edge.lift.handmade import RELU
from tests.edge.lift.handmade import VALID
from tests.edge.lift.handmade import Net

ATTACKS = {
    "fgsm": ak.attacks.FGSM(0.1),
    "pgd": ak.attacks.PGD(0.1),
    "lbfgs": ak.attacks.LBFGS(c_rtol=0.5),
}
PIXELS, HIDDEN, MEANS = (1 / 255, -128), (3 / 255, -128), (1 / 255, -128)
SCORES = (1 / 5000, 0)  # -0.0256 .. 0.0254
EDGES = [[0, 0, 0], [-1, 0, 1], [0, 0, 0]]
FILTERS = np.array([EDGES, np.transpose(EDGES), np.rot90(np.diag([-1, 0, 1]))])


def saturated(softmax):
    """Which edges there are most of: upright, level or slanted.

    Its scores are 4 times the differences of their means, and most are more
    than their tensor holds.
    """
    net = Net("INT8", (1, 8, 8, 1), grid=PIXELS)
    margins = net.tensor((4, 2), "INT32", data=[0, 0, 1, 1, 1, 1, 0, 0])
    values = net.add(
        "PAD", [net.given, margins], (1, 10, 10, 1), "PadOptions", PIXELS
    )
    values = net.add(
        "CONV_2D",
        [
            values,
            net.tensor((3, 3, 3, 1), "INT8", (3.0, 0), FILTERS),
            net.tensor((3,), "INT32", (3.0 / 255, 0), [0, 0, 0]),
        ],
        (1, 8, 8, 3),
        "Conv2DOptions",
        HIDDEN,
        padding=VALID,
        strideW=1,
        strideH=1,
        dilationWFactor=1,
        dilationHFactor=1,
        fusedActivationFunction=RELU,
    )
    values = net.add(
        "MEAN",
        [values, net.integers(1, 2)],
        (1, 3),
        "ReducerOptions",
        MEANS,
        keepDims=False,
    )
    contrasts = 3 * np.eye(3) - 1
    values = net.add(
        "FULLY_CONNECTED",
        [values, net.tensor((3, 3), "INT8", (4.0, 0), contrasts), -1],
        (1, 3),
        "FullyConnectedOptions",
        SCORES,
    )
    if softmax:
        values = net.add(
            "SOFTMAX",
            [values],
            (1, 3),
            "SoftmaxOptions",
            (1 / 256, -128),
            beta=1.0,
        )
    return net.content([values])


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saturated")
    for name in ("scores", "softmax"):
        content = saturated(softmax=name == "softmax")
        (folder / f"{name}.tflite").write_bytes(content)
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def images(paths):
    """Images whose scores are all at their ends."""
    noise = np.random.default_rng(0).random((60, 8, 8, 1), np.float32)
    noise *= 0.99
    with ak.edge.start(paths["scores"]) as interpreter:
        scores = interpreter.predict(noise).outputs
    at_end = np.isin(scores, (-128, 127)).all(axis=1)
    assert at_end.sum() > 30
    return noise[at_end]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ["scores", "softmax"])
def test_what_is_at_its_ends_is_fooled(name, attack, paths, images):
    copy = TfliteClassifier(paths[name])
    result = ATTACKS[attack](copy, images)
    assert (result.linf > 0).all()
    with ak.edge.start(paths[name]) as interpreter:
        said = interpreter.predict(result.images).labels
        before = interpreter.predict(images).labels
    assert (said != before).mean() > 0.9


def test_the_gradient_is_that_of_no_ends(paths, images):
    """Of the score of each class: 4 times that of the differences."""
    model = TfliteClassifier(paths["scores"]).model
    values = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(values)
        scores = model(values)[:, 0]
    found = tape.gradient(scores, values)

    with tf.GradientTape() as tape:
        tape.watch(values)
        filters = tf.constant(FILTERS[..., None], tf.float32) * 3
        edges = tf.nn.relu(
            tf.nn.conv2d(
                tf.pad(values, [(0, 0), (1, 1), (1, 1), (0, 0)]),
                tf.transpose(filters, (1, 2, 3, 0)),
                1,
                "VALID",
            )
        )
        means = tf.reduce_mean(edges, (1, 2))
        scores = 4 * (2 * means[:, 0] - means[:, 1] - means[:, 2])
    expected = tape.gradient(scores, values)
    # An edge of next to nothing is on the other side of 0 once rounded.
    off = np.abs(found - expected) > 1e-5
    assert np.abs(expected).max() > 0.05
    assert off.mean() < 0.02
