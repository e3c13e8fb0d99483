"""Kernels that do not round to the nearest: each runtime's, on integers."""

import numpy as np
import pytest
import tensorflow as tf

from advkeras.edge.lift import lift
from tests.edge.lift import running
from tests.edge.lift.handmade import NONE
from tests.edge.lift.handmade import RELU6
from tests.edge.lift.handmade import SAME
from tests.edge.lift.handmade import VALID
from tests.edge.lift.handmade import Net

every_runtime = pytest.mark.parametrize(
    "runtime",
    ["default", "tflm", pytest.param("reference", marks=pytest.mark.slow)],
)
# Scale and zero point of what is given and what is written.
GRIDS = {
    "INT8": (((0.02, 3), (0.031, -5)), ((0.02, -10), (0.0137, 4))),
    "INT16": (((1e-4, 0), (1.55e-4, 0)), ((1e-4, 0), (6.9e-5, 0))),
}


@pytest.fixture
def steps_off(tmp_path):
    """`running.steps_off` of a net of one output."""

    def steps_off(net, integers, kernels):
        path = tmp_path / "net.tflite"
        (off,) = running.steps_off(path, net, integers, kernels)
        return off

    return steps_off


def all_integers(dtype, rows=256):
    """Returns every integer of a type, (rows, 1, 1, n)."""
    ends = np.iinfo(dtype.lower())
    return np.arange(ends.min, ends.max + 1).reshape(rows, 1, 1, -1)


def some_integers(dtype, *shape):
    ends = np.iinfo(dtype.lower())
    return np.random.default_rng(0).integers(ends.min, ends.max + 1, shape)


def _cases():
    for dtype, pairs in GRIDS.items():
        for grids in pairs:
            yield "QUANTIZE", dtype, grids, None, {}
            leaky = {"alpha": 0.3}
            yield "LEAKY_RELU", dtype, grids, "LeakyReluOptions", leaky
    # LiteRT has other kernels for some scales that are powers of two.
    for scale in (1e-5, 9.2e-5, 6.1e-4, 2.0**-11, 2.0**-12, 2.0**-13):
        grids = (scale, 0), (1 / 32768, 0)
        yield "LOGISTIC", "INT16", grids, None, {}
        yield "TANH", "INT16", grids, None, {}


@every_runtime
@pytest.mark.parametrize(
    ("name", "dtype", "grids", "kind", "options"), list(_cases())
)
def test_functions_of_one_value(
    runtime, name, dtype, grids, kind, options, steps_off
):
    integers = all_integers(dtype, rows=1 if dtype == "INT8" else 256)
    net = Net(dtype, (1, *integers.shape[1:]), grid=grids[0])
    net.add(
        name, [net.given], (1, *integers.shape[1:]), kind, grids[1], **options
    )
    off = steps_off(net, integers, runtime)
    # The lift takes numbers: at 16 bits float32 is the wrong side of a half.
    assert np.abs(off).max() <= (dtype == "INT16")
    assert (off != 0).mean() <= 1e-3 * (dtype == "INT16")


@pytest.mark.parametrize("runtime", ["default", "reference"])
@pytest.mark.parametrize(
    ("name", "dtype", "grids"),
    [
        ("EXP", "INT16", ((9.2e-5, 0), (6.1e-4, 0))),
        ("SQRT", "INT8", ((0.02, -128), (0.0137, -128))),
        ("SQRT", "INT8", ((0.02, -128), (0.031, -128))),
    ],
)
def test_functions_that_a_microcontroller_lacks(
    runtime, name, dtype, grids, steps_off
):
    integers = all_integers(dtype, rows=1 if dtype == "INT8" else 256)
    net = Net(dtype, (1, *integers.shape[1:]), grid=grids[0])
    net.add(name, [net.given], (1, *integers.shape[1:]), None, grids[1])
    off = steps_off(net, integers, runtime)
    # exp itself is another here, by the last of its bits.
    assert np.abs(off).max() <= (name == "EXP")
    assert (off != 0).mean() <= 0.01 * (name == "EXP")


@pytest.mark.parametrize("runtime", ["default", "reference"])
def test_ends_that_are_halves_of_a_step(runtime, steps_off):
    """Of 255 steps from -1 to 1: as converters calibrate it."""
    grids = (0.0235, 0), (2 / 255, -1)
    net = Net("INT8", (1, 1, 1, 256), grid=grids[0])
    net.add("RELU_N1_TO_1", [net.given], (1, 1, 1, 256), None, grids[1])
    assert not steps_off(net, all_integers("INT8", rows=1), runtime).any()


def test_what_a_microcontroller_clips_it_does_not_scale(steps_off):
    grids = (0.02, 3), (0.031, -5)
    integers = all_integers("INT8", rows=1)
    net = Net("INT8", (1, 1, 1, 256), grid=grids[0])
    net.add("RELU6", [net.given], (1, 1, 1, 256), None, grids[1])
    for runtime in running.RUNTIMES:
        assert not steps_off(net, integers, runtime).any()


@every_runtime
@pytest.mark.parametrize("classes", [3, 10, 100])
@pytest.mark.parametrize("scale", [1e-5, 9.2e-5, 1.2e-3])
def test_softmax_of_16_bits(runtime, classes, scale, steps_off):
    """LiteRT rounds exp beyond its table's ends otherwise: a step at most."""
    integers = some_integers("INT16", 400, 1, 1, classes)
    grids = (scale, 0), (1 / 32768, 0)
    net = Net("INT16", (1, 1, 1, classes), grid=grids[0])
    net.add(
        "SOFTMAX",
        [net.given],
        (1, 1, 1, classes),
        "SoftmaxOptions",
        grids[1],
        beta=1.0,
    )
    off = steps_off(net, integers, runtime)
    assert np.abs(off).max() <= (runtime != "tflm")
    assert (off != 0).mean() <= 0.01


@every_runtime
@pytest.mark.parametrize("dtype", ["INT8", "INT16"])
@pytest.mark.parametrize("same", [True, False], ids=["same", "other"])
@pytest.mark.parametrize("size", [(7, 7), (4, 3), (1, 12)])
def test_means(runtime, dtype, same, size, steps_off):
    given, written = GRIDS[dtype][0]
    grids = (given, given if same else written)
    integers = some_integers(dtype, 300, *size, 5)
    net = Net(dtype, (1, *size, 5), grid=grids[0])
    net.add(
        "MEAN",
        [net.given, net.integers(1, 2)],
        (1, 5),
        "ReducerOptions",
        grids[1],
    )
    off = steps_off(net, integers, runtime)
    assert not off.any()


@every_runtime
@pytest.mark.parametrize("dtype", ["INT8", "INT16"])
@pytest.mark.parametrize("padding", [SAME, VALID], ids=["same", "valid"])
@pytest.mark.parametrize("fused", [NONE, RELU6], ids=["none", "relu6"])
def test_means_of_windows(runtime, dtype, padding, fused, steps_off):
    """Halves away from 0, the integer: every fourth of four pixels."""
    given = GRIDS[dtype][0][0]
    integers = some_integers(dtype, 100, 3, 3, 7)
    rows = 2 if padding == SAME else 1
    net = Net(dtype, (1, 3, 3, 7), grid=given)
    net.add(
        "AVERAGE_POOL_2D",
        [net.given],
        (1, rows, rows, 7),
        "Pool2DOptions",
        given,
        padding=padding,
        strideW=2,
        strideH=2,
        filterWidth=2,
        filterHeight=2,
        fusedActivationFunction=fused,
    )
    assert not steps_off(net, integers, runtime).any()


@every_runtime
@pytest.mark.parametrize("dtype", ["INT8", "INT16"])
@pytest.mark.parametrize("size", [(16, 12), (5, 7), (1, 1)])
@pytest.mark.parametrize(
    ("corners", "centers"), [(True, False), (False, True), (False, False)]
)
def test_resized_images(runtime, dtype, size, corners, centers, steps_off):
    if (runtime, dtype) == ("tflm", "INT16"):
        return  # it has no such kernel
    given = GRIDS[dtype][0][0]
    integers = some_integers(dtype, 20, 8, 6, 3)
    net = Net(dtype, (1, 8, 6, 3), grid=given)
    net.add(
        "RESIZE_BILINEAR",
        [net.given, net.integers(*size)],
        (1, *size, 3),
        "ResizeBilinearOptions",
        given,
        alignCorners=corners,
        halfPixelCenters=centers,
    )
    assert not steps_off(net, integers, runtime).any()


@every_runtime
@pytest.mark.parametrize("depth", [40, 700])
@pytest.mark.parametrize("biased", [True, False])
def test_dense_layers_of_16_bits(runtime, depth, biased, steps_off):
    """By 15 bits on a microcontroller, by 31 once or twice elsewhere."""
    given, written = (1e-4, 0), (3.3e-4 * (depth / 40) ** 0.5, 0)
    net = Net("INT16", (1, 1, 1, depth), grid=given)
    integers = net.random.integers(-127, 128, (30, depth))
    weights = net.tensor((30, depth), "INT8", (1 / 150, 0), integers)
    bias = -1
    if biased:
        integers = net.random.integers(-50_000, 50_000, 30)
        bias = net.tensor((30,), "INT64", (1e-4 / 150, 0), integers)
    net.add(
        "FULLY_CONNECTED",
        [net.given, weights, bias],
        (1, 30),
        "FullyConnectedOptions",
        written,
    )
    off = steps_off(net, some_integers("INT16", 300, 1, 1, depth), runtime)
    assert not off.any()


@every_runtime
@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize("dtype", ["INT8", "INT16"])
def test_convolutions(runtime, dtype, name, steps_off):
    """Rounded as each does it, from the very sum of the integers."""
    bits = 8 if dtype == "INT8" else 16
    given, written = (5.12 / 2**bits, 3), (12.8 / 2**bits, -5)
    if dtype == "INT16":
        given, written = (given[0], 0), (written[0], 0)
    net = Net(dtype, (1, 6, 5, 8), grid=given)
    outputs = 8 if name.startswith("DEPTH") else 3
    shape = (1, 3, 3, 8) if name.startswith("DEPTH") else (3, 3, 3, 8)
    scales = np.array([1 / 150, 1 / 90, 1 / 333] * 3)[:outputs]
    zeros = [0] * outputs
    filters = net.tensor(
        shape,
        "INT8",
        (scales, zeros),
        net.random.integers(-127, 128, shape),
        quantizedDimension=3 if name.startswith("DEPTH") else 0,
    )
    bias = net.tensor(
        (outputs,),
        "INT32" if dtype == "INT8" else "INT64",
        (given[0] * scales, zeros),
        ([900, -2000, 50] * 3)[:outputs],
    )
    more = {"depthMultiplier": 1} if name.startswith("DEPTH") else {}
    net.add(
        name,
        [net.given, filters, bias],
        (1, 6, 5, outputs),
        "DepthwiseConv2DOptions" if more else "Conv2DOptions",
        written,
        padding=SAME,
        strideW=1,
        strideH=1,
        dilationWFactor=1,
        dilationHFactor=1,
        fusedActivationFunction=RELU6,
        **more,
    )
    off = steps_off(net, some_integers(dtype, 200, 6, 5, 8), runtime)
    assert not off.any()


@every_runtime
@pytest.mark.parametrize("dtype", ["INT8", "INT16"])
def test_floats_are_quantised_as_each_runtime_does(runtime, dtype, steps_off):
    """XNNPACK takes halves to the even integer, the others away from 0."""
    net = Net("FLOAT32", (1, 1, 1, 64))
    grid = (1 / 64, 0)
    net.dtype = dtype
    net.add("QUANTIZE", [net.given], (1, 1, 1, 64), None, grid)
    halves = (np.arange(-64, 64) + 0.5).reshape(2, 1, 1, 64) / 64
    assert not steps_off(net, halves, runtime).any()


@every_runtime
@pytest.mark.parametrize("dtype", ["INT8", "UINT8", "INT16"])
def test_an_input_is_rounded_as_it_is_shown(runtime, dtype, steps_off):
    """Pixels of half levels: to the even integer."""
    if (runtime, dtype) == ("tflm", "UINT8"):
        return  # it has no such kernel
    grid = (1 / 64, 100) if dtype == "UINT8" else (1 / 64, 0)
    net = Net(dtype, (1, 1, 1, 64), grid=grid)
    net.add(
        "RESHAPE",
        [net.given],
        (1, 64),
        "ReshapeOptions",
        grid,
        newShape=[-1, 64],
    )
    halves = np.arange(0.5, 128).reshape(2, 1, 1, 64)
    assert not steps_off(net, halves, runtime).any()


@every_runtime
def test_gradients_pass(runtime, tmp_path):
    """As if the kernel took what is nearest."""
    grids = GRIDS["INT8"][0]
    net = Net("INT8", (1, 1, 1, 8), grid=grids[0])
    leaky = {"alpha": 0.25}
    net.add(
        "LEAKY_RELU",
        [net.given],
        (1, 1, 1, 8),
        "LeakyReluOptions",
        grids[1],
        **leaky,
    )
    path = tmp_path / "net.tflite"
    path.write_bytes(net.content())
    model = lift(path, runtime=running.RUNTIMES[runtime])
    images = tf.constant(np.linspace(-1, 1, 8).reshape(1, 1, 1, 8), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(model(images))
    expected = np.where(np.linspace(-1, 1, 8) > 0, 1, 0.25)
    np.testing.assert_allclose(
        np.ravel(tape.gradient(total, images)), expected, rtol=1e-6
    )
