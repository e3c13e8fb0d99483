"""Gradients of what was lifted: the original's, and past every rounding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from advkeras.edge.lift import lift
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Quantization
from advkeras.edge.lift.graph import Tensor
from tests.edge import dense
from tests.edge.lift import files
from tests.edge.lift import handmade
from tests.edge.lift.handmade import RELU
from tests.edge.lift.handmade import RELU6
from tests.edge.lift.handmade import Net
from tests.edge.lift.nets import NETS

SHAPE = (9, 8, 3)


@pytest.fixture(scope="module")
def net():
    """A net of every layer that is usual in one."""
    keras.utils.set_random_seed(0)
    given = keras.Input(SHAPE)
    values = layers.Conv2D(8, 3, padding="same", activation="relu")(given)
    values = layers.BatchNormalization()(values)
    values = layers.DepthwiseConv2D(3, 2, padding="same")(values)
    values = layers.ReLU(6)(values)
    beside = layers.Conv2D(8, 1, groups=2, activation="tanh")(values)
    values = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(values)
    values = layers.Add()([values, beside])
    values = layers.AveragePooling2D(2)(values)
    values = layers.Conv2DTranspose(4, 3, 2, activation="elu")(values)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Flatten()(values)
    return keras.Model(given, layers.Dense(5)(values))


@pytest.fixture
def lifted(tmp_path):
    """Returns the lift of a file of these bytes."""

    def lifted(content):
        path = tmp_path / "made.tflite"
        path.write_bytes(content)
        return lift(path)

    return lifted


def images(n, shape=SHAPE):
    return np.random.default_rng(n).random((n, *shape), np.float32)


def gradient(model, values):
    """Returns the gradient of a random sum of the outputs."""
    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = model([values])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        total = sum(
            tf.reduce_sum(
                output * np.random.default_rng(0).normal(size=output.shape)
            )
            for output in outputs
        )
    return tape.gradient(total, values).numpy()


@pytest.mark.parametrize("batch", [None, 1], ids=["any", "one"])
def test_of_a_float_net_it_is_the_originals(lifted, net, batch):
    model = lifted(dense.convert(net, batch=batch))
    values = images(4)
    np.testing.assert_allclose(
        model([values]), net(values), rtol=1e-4, atol=1e-6
    )
    expected = gradient(lambda given: net(given[0]), values)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(
        gradient(model, values), expected, rtol=1e-4, atol=1e-6
    )


def test_of_an_int8_net_it_points_the_same_way(lifted, net):
    model = lifted(dense.convert(net, images(50), tf.int8))
    values = images(4)
    one = gradient(model, values).ravel()
    other = gradient(lambda given: net(given[0]), values).ravel()
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert cosine > 0.9


@pytest.mark.parametrize(
    "name",
    [
        "convolutions",
        "groups of filters",
        "depthwise convolutions",
        "unequal dilations",
        "transposed convolutions",
        "pools",
        "resized",
        "products",
        "slices",
        "moves",
        "parts",
        "curves",
        "hard swish",
        "scores",
        "margins",
    ],
)
def test_every_kind_has_the_gradient_of_its_function(lifted, name):
    net = NETS[name]
    model = lifted(net.content("float32"))
    random = np.random.default_rng(0)
    values = [
        tf.constant(random.uniform(net.low, net.high, (2, *shape)), tf.float32)
        for shape in net.shapes
    ]

    def total(given):
        # The order of outputs is the converter's.
        return sum(tf.reduce_sum(tf.sin(out)) for out in model(given))

    with tf.GradientTape() as tape:
        tape.watch(values)
        found = tape.gradient(total(values), values)
    # TensorFlow itself has not each of these gradients on every processor.
    steps = [0.003 * random.normal(size=v.shape).astype("f") for v in values]
    ahead = total([v + step for v, step in zip(values, steps, strict=True)])
    behind = total([v - step for v, step in zip(values, steps, strict=True)])
    along = zip(found, steps, strict=True)
    expected = sum(2 * np.sum(one * step) for one, step in along)
    length = np.sqrt(sum(4 * np.sum((one * 0.003) ** 2) for one in found))
    assert length > 1e-3
    np.testing.assert_allclose(ahead - behind, expected, atol=0.03 * length)


def test_that_of_rows_that_are_looked_up(lifted):
    """Each of its images is looked up three times."""
    model = lifted(handmade.rows_of_a_table("INT8"))
    values = tf.constant(images(2, (6, 5, 4)))
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = tf.reduce_sum(model(values))
    np.testing.assert_allclose(tape.gradient(total, values), 3 + 0 * values)


def test_that_of_images_one_by_one(lifted):
    """A file that mixes images along the first dimension has one, too."""

    def function(x):
        return [tf.nn.softmax(tf.reshape(x, (60,)) * 3)]

    model = lifted(files.converted(function, [(4, 5, 3)], "float32", 1))
    values = images(3, (4, 5, 3))
    found = gradient(lambda given: tf.reshape(model(given), (3, 60)), values)
    expected = gradient(
        lambda given: tf.nn.softmax(tf.reshape(given[0], (3, 60)) * 3), values
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def _tensor(dtype, scale, zero_point):
    grid = Quantization(
        np.array([scale], np.float32), np.array([zero_point]), 0
    )
    return Tensor(0, "", dtype, (1, 4), (-1, 4), grid, None)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point"),
    [
        ("int8", 0.1, 0),
        ("int8", 1 / 255, -128),
        ("int8", 0.02, 127),
        ("uint8", 0.1, 131),
        ("uint8", 1.0, 0),
        ("int16", 1e-3, 0),
    ],
)
def test_rounding_is_passed_and_of_clipping_a_tenth(dtype, scale, zero_point):
    tensor = _tensor(dtype, scale, zero_point)
    lower, upper = straight_through.limits(tensor)
    ends = np.iinfo(dtype)
    assert lower == pytest.approx((ends.min - zero_point) * scale)
    assert upper == pytest.approx((ends.max - zero_point) * scale)
    inside = np.random.default_rng(0).uniform(lower, upper, 50)
    outside = [lower - scale, lower - 9, upper + scale, upper + 9]
    values = tf.constant([*inside, *outside], tf.float32)
    for whole, beyond in ((True, 1.0), (False, 0.1)):
        with tf.GradientTape() as tape:
            tape.watch(values)
            held = straight_through.as_held(values, tensor, whole)
        np.testing.assert_allclose(
            tape.gradient(held, values), [1.0] * 50 + [beyond] * 4
        )
    steps = held / np.float32(scale) + float(zero_point)
    np.testing.assert_allclose(steps, np.rint(steps), atol=0.01)
    np.testing.assert_allclose(held[:50], inside, atol=0.501 * scale)
    np.testing.assert_allclose(
        held[50:], [lower, lower, upper, upper], rtol=1e-5, atol=1e-6 * upper
    )


def test_what_is_rounded_to_an_end_has_a_gradient():
    # As calibrated on pixels of -1 .. 1: both are half a step off.
    scale = 2 / 255
    tensor = _tensor("int8", scale, 0)
    lower, upper = straight_through.limits(tensor)
    assert lower < -1
    assert upper == pytest.approx(1 - scale / 2)
    values = tf.constant([-1.0, 0.3, 1.0, upper + scale, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(values)
        held = straight_through.as_quantized(values, tensor)
    np.testing.assert_allclose(tape.gradient(held, values), [1, 1, 1, 0.1, 0.1])
    np.testing.assert_allclose(held[2:], upper, rtol=1e-6)


def test_the_held_are_held_at_any_distance():
    """Infinity from itself would be no number."""
    tensor = _tensor("int8", 0.1, 0)
    values = tf.constant([-np.inf, np.inf, 1e38, 0.0])
    for function in (straight_through.as_held, straight_through.as_quantized):
        held = function(values, tensor)
        np.testing.assert_allclose(held, [-12.8, 12.7, 12.7, 0], rtol=1e-6)


@pytest.mark.parametrize("activation", [RELU, RELU6])
def test_an_activation_function_keeps_its_gradient(lifted, activation):
    """Also where the range of its tensor ends in the same place."""
    net = Net("INT8", (1, 4), grid=(0.1, 0))
    identity = net.tensor((4, 4), "INT8", (1.0, 0), np.eye(4))
    for name in ("hidden", "scores"):
        given = net.given if name == "hidden" else net.outputs[-1]
        net.add(
            "FULLY_CONNECTED",
            [given, identity, -1],
            (1, 4),
            "FullyConnectedOptions",
            (4 / 255, -128),
            fusedActivationFunction=activation,
        )
    model = lifted(net.content(net.outputs[-1:]))
    values = tf.constant([[-2.0, 1.0, 5.0, 7.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        found = model(values)
    np.testing.assert_allclose(found, [[0, 1, 4, 4]], atol=4 / 255)
    # 5 and 7 are above the range of both tensors: a tenth, then all. 7 is above
    # the activation's own end as well.
    beyond = 0.0 if activation == RELU6 else 0.1
    np.testing.assert_allclose(
        tape.gradient(found, values), [[0, 1, 0.1, beyond]]
    )


def test_what_is_held_is_held_unchanged():
    for dtype, scale, zero_point in (
        ("int8", 0.0173, -3),
        ("uint8", 0.0173, 131),
        ("int16", 1e-4, 0),
    ):
        tensor = _tensor(dtype, scale, zero_point)
        ends = np.iinfo(dtype)
        integers = np.arange(ends.min, ends.max + 1)
        given = ((integers - zero_point) * np.float32(scale)).astype("f")
        held = straight_through.as_held(tf.constant(given), tensor)
        np.testing.assert_allclose(held, given, rtol=1e-5, atol=scale / 100)


def test_dynamic_ranges_are_passed():
    values = tf.constant([[-1.0, 0.3, 2.0], [0.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        held = straight_through.as_dynamic(values, [1])
    np.testing.assert_array_equal(tape.gradient(held, values), np.ones((2, 3)))
    np.testing.assert_allclose(held, values, atol=1.5 / 255)
    assert held[0, 1] != values[0, 1]


def test_a_fused_activation_between_two_steps_is_rounded(lifted):
    """6 is none of the steps of this pool, which else moves what is held."""
    grid = (0.07, 0)
    net = Net("INT8", (1, 4, 4, 2), grid=grid)
    net.add(
        "MAX_POOL_2D",
        [net.given],
        (1, 2, 2, 2),
        "Pool2DOptions",
        grid,
        padding=0,
        strideW=2,
        strideH=2,
        filterWidth=2,
        filterHeight=2,
        fusedActivationFunction=3,
    )
    found = np.array(lifted(net.content())([np.full((1, 4, 4, 2), 7.0, "f")]))
    np.testing.assert_allclose(found, 86 * 0.07, rtol=1e-5)
