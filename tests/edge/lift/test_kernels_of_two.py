"""ADD, MUL and SUB: each runtime's kernels, on all pairs of integers."""

import numpy as np
import pytest
import tensorflow as tf

from advkeras.edge.lift import lift
from tests.edge.lift import running
from tests.edge.lift.handmade import NONE
from tests.edge.lift.handmade import RELU6
from tests.edge.lift.handmade import Net

NAMES = ("ADD", "MUL", "SUB")
# Scale and zero point of the images, of a constant, and of what is written.
GRIDS = {
    "no halves": ((0.0257, 94), (0.0113, 21), (0.0181, -118)),
    "a quarter": ((0.00311, -128), (0.0217, 5), (0.000263, -19)),
    "halves": ((0.5, 0), (0.5, 0), (0.5, 0)),
    "halves that are not even": ((0.25, 3), (0.125, -5), (1.0, 7)),
    # A half of float32, and not of float64.
    "near a half": ((0.1, 3), (0.3, -5), (0.06, 7)),
    "below a half": ((0.82, 3), (0.94, -5), (0.82 * 0.94 / 1.5, 7)),
    "above a half": ((0.31, 3), (0.87, -5), (0.31 * 0.87 / 0.25, 7)),
    "rounded once": ((0.64, 3), (0.77, -5), (0.64 * 0.77 / 2.5, 7)),
    # What XNNPACK leaves to LiteRT.
    "too small to add": ((0.000483, 3), (0.25, -5), (0.5, 7)),
    "smallest to add": ((0.25, 3), (0.5 / 1024, -5), (0.5, 7)),
    "saturated": ((0.9, -128), (0.9, -128), (0.01, 4)),
}


@pytest.fixture
def steps_off(tmp_path):
    """Returns how far a lift and a runtime are apart: name -> steps."""

    def steps_off(
        dtype, grids, given, constant, kernels, repeated=True, fused=NONE
    ):
        shape = (1, 1, 1, len(constant))
        net = Net(dtype, shape, fixed=True, grid=grids[0])
        size = shape[3:] if repeated else shape
        second = net.tensor(size, dtype, grids[1], constant)
        for name in NAMES:
            options = {} if name == "MUL" else {"potScaleInt16": not repeated}
            net.add(
                name,
                [net.given, second],
                shape,
                f"{name.title()}Options",
                grids[2],
                fusedActivationFunction=fused,
                **options,
            )
        images = np.tile(given.reshape(-1, 1, 1, 1), shape)
        off = running.steps_off(tmp_path / "net.tflite", net, images, kernels)
        return {
            name: np.abs(steps).sum()
            for name, steps in zip(NAMES, off, strict=True)
        }

    return steps_off


def all_integers(dtype):
    ends = np.iinfo(dtype.lower())
    return np.arange(ends.min, ends.max + 1)


@pytest.mark.parametrize("runtime", running.RUNTIMES)
@pytest.mark.parametrize("grids", GRIDS.values(), ids=GRIDS)
def test_all_pairs(runtime, grids, steps_off):
    integers = all_integers("INT8")
    off = steps_off("INT8", grids, integers, integers, runtime)
    assert not any(off.values()), off


@pytest.mark.parametrize("runtime", running.RUNTIMES)
def test_two_of_the_same_shape(runtime, steps_off):
    """And clipped to 0 .. 6, which is no step."""
    integers, grids = all_integers("INT8"), GRIDS["halves that are not even"]
    grids = (*grids[:2], (0.35, 7))
    off = steps_off("INT8", grids, integers, integers, runtime, False, RELU6)
    assert not any(off.values()), off


@pytest.mark.parametrize("runtime", ["reference", "default"])
def test_unsigned_integers(runtime, steps_off):
    integers = all_integers("UINT8")
    grids = ((0.25, 120), (0.125, 131), (1.0, 7))
    off = steps_off("UINT8", grids, integers, integers, runtime)
    assert not any(off.values()), off


@pytest.mark.parametrize("runtime", running.RUNTIMES)
@pytest.mark.parametrize(
    ("scales", "repeated"),
    [
        ((1e-4, 1.3e-4, 2.1e-4), True),
        ((0.5, 0.25, 64.0), True),
        # LiteRT has another kernel of these, which crashes where it repeats.
        ((1 / 4096, 1 / 16384, 1 / 4096), False),
    ],
)
def test_16_bits(runtime, scales, repeated, steps_off):
    random = np.random.default_rng(0)
    given, constant = random.integers(-(2**15), 2**15, (2, 256))
    grids = [(scale, 0) for scale in scales]
    off = steps_off("INT16", grids, given, constant, runtime, repeated)
    assert not any(off.values()), off


@pytest.mark.parametrize("runtime", running.RUNTIMES)
def test_gradients_pass(runtime, tmp_path):
    """As if the kernels took what is nearest."""
    net = Net("INT8", (1, 1, 1, 8), grid=(0.02, 3))
    integers = np.arange(10, 18)
    second = net.tensor((8,), "INT8", (0.05, 2), integers)
    for name in NAMES:
        net.add(
            name,
            [net.given, second],
            (1, 1, 1, 8),
            f"{name.title()}Options",
            (0.03, 0),
        )
    path = tmp_path / "net.tflite"
    path.write_bytes(net.content())
    model = lift(path, runtime=running.RUNTIMES[runtime])
    images = tf.constant(np.linspace(-1, 1, 8).reshape(1, 1, 1, 8), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        outputs = model(images)
    constant = 0.05 * (integers - 2)
    for output, expected in zip(outputs, (1, constant, 1), strict=True):
        np.testing.assert_allclose(
            np.ravel(tape.gradient(output, images)),
            np.broadcast_to(expected, 8),
            rtol=1e-5,
        )
