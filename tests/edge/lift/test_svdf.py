"""SVDF, the layer of keyword spotters, beside the real interpreters.

The converter makes none of Keras: the files are made by hand.
"""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.edge.lift import lift
from tests.edge.lift import handmade
from tests.edge.lift import running

WIDTH, UNITS, MEMORY = 11, 6, 5
MICRO = ("tflm",)
EVERY = tuple(running.RUNTIMES)
LITERT = ("reference", "default")


class Svdf:
    """How a file of one or two SVDFs is made.

    Args:
        kind: "float32", "dynamic", "int8" with a state of 16 bits, or "micro"
            with one of 8.
        rank: Filters of a unit.
        activation: Fused into each.
        bias: Whether there is one.
        state: Zero point of the state.
        step: Of the state.
        written: Scale and zero point of what is written.
        asymmetric: Whether ranges of what is read are.
    """

    def __init__(
        self,
        kind,
        rank=2,
        activation=handmade.RELU,
        bias=True,
        state=0,
        step=None,
        written=(0.02, -128),
        asymmetric=False,
    ):
        self.kind, self.rank, self.activation = kind, rank, activation
        self.bias, self.state, self.written = bias, state, written
        self.asymmetric = asymmetric
        self.random = np.random.default_rng(0)
        self.quantized = kind in ("int8", "micro")
        self.step = step or (0.001 if kind == "int8" else 0.05)
        dtype = "INT8" if self.quantized else "FLOAT32"
        grid = (6 / 255, 7) if self.quantized else None
        self.net = handmade.Net(dtype, (1, WIDTH), fixed=True, grid=grid)

    def content(self, layers=1):
        """Returns the bytes of the file."""
        given = self.net.given
        for layer in range(layers):
            given = self._added(given, UNITS if layer else WIDTH)
        return self.net.content()

    def _added(self, given, width):
        net, filters = self.net, UNITS * self.rank
        features, times = (filters, width), (filters, MEMORY)
        state = (1, filters * MEMORY)
        if self.quantized:
            wide = self.kind == "int8"
            held = "INT16" if wide else "INT8"
            # Of all 16 bits sums would not fit in 32.
            most, unit = (9000, 1e-4) if wide else (127, 1 / 127)
            grids = (1 / 160, 0), (unit, 0), (self.step, self.state)
            scale = (self.step * unit, 0)
            inputs = [
                net.tensor(
                    features, "INT8", grids[0], self._integers(127, features)
                ),
                net.tensor(times, held, grids[1], self._integers(most, times)),
                self._bias(1 / scale[0], "INT32", scale),
                net.tensor(state, held, grids[2], isVariable=True),
            ]
        else:
            inputs = [
                self._floats(features, 3),
                self._floats(times, 2),
                self._bias(1),
                net.tensor(state, isVariable=True),
            ]
        return net.add(
            "SVDF",
            [given, *inputs],
            (1, UNITS),
            "SVDFOptions",
            self.written if self.quantized else None,
            rank=self.rank,
            fusedActivationFunction=self.activation,
            asymmetricQuantizeInputs=self.asymmetric,
        )

    def _floats(self, shape, divisor):
        if self.kind == "dynamic":
            integers = self._integers(127, shape)
            return self.net.tensor(shape, "INT8", (1 / 130, 0), integers)
        values = self.random.normal(size=shape) / divisor
        return self.net.tensor(shape, data=values)

    def _integers(self, most, shape):
        return self.random.integers(-most, most + 1, shape)

    def _bias(self, per_unit, dtype="FLOAT32", grid=None):
        if not self.bias:
            return -1
        values = self.random.normal(size=UNITS) / 2 * per_unit
        values = np.rint(values) if grid else values
        return self.net.tensor((UNITS,), dtype, grid, values)


def rows(n=60, most=3.0):
    return np.random.default_rng(n).uniform(-most, most, (n, WIDTH)).astype("f")


FLOATS = {
    "usual": (Svdf("float32"), EVERY),
    "of one filter": (Svdf("float32", 1, handmade.NONE), EVERY),
    "no bias": (Svdf("float32", bias=False), LITERT),
    "within 6": (Svdf("float32", 3, handmade.RELU6), EVERY),
}


@pytest.mark.parametrize("name", FLOATS)
def test_floats(graph_of, name):
    svdf, kernels = FLOATS[name]
    running.compare(graph_of(svdf.content(2)), [[rows()]], kernels)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_integer_weights_and_float_images(graph_of, asymmetric):
    """TensorFlow Lite Micro refuses them."""
    svdf = Svdf("dynamic", activation=handmade.NONE, asymmetric=asymmetric)
    running.compare(graph_of(svdf.content()), [[rows()]], LITERT)


INTEGERS = {
    "usual": (Svdf("int8"), EVERY),
    "signed": (Svdf("int8", written=(0.03, -5)), EVERY),
    # LiteRT refuses it.
    "no activation": (Svdf("int8", 1, handmade.NONE, written=(0.03, 9)), MICRO),
    "a state that is clipped": (Svdf("int8", step=1e-5), EVERY),
    "fine": (Svdf("int8", written=(0.0003, -128)), EVERY),
    "no bias": (Svdf("int8", bias=False), LITERT),
    "a state of 8 bits": (Svdf("micro", written=(0.02, -9)), MICRO),
    "its zero point": (Svdf("micro", state=-20), MICRO),
    "8 bits that are clipped": (Svdf("micro", step=0.02), MICRO),
    "clipped beside a zero point": (Svdf("micro", state=-20, step=0.02), MICRO),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_those_of_every_runtime(graph_of, name):
    svdf, kernels = INTEGERS[name]
    graph = graph_of(svdf.content(2))
    running.compare(graph, [[rows(200)]], kernels, steps=0)
    found = lift(graph, runtime=running.RUNTIMES[kernels[-1]])(rows(200))
    assert all(len(np.unique(each)) > 10 for each in found)


def test_a_state_of_8_bits_is_for_microcontrollers(graph_of):
    """LiteRT does not refuse it, and reads past its end."""
    graph = graph_of(Svdf("micro").content())
    for runtime in ("litert", "litert-reference"):
        with pytest.raises(
            ValueError, match=rf"SVDF, .*{runtime} takes .* int8 for others"
        ):
            lift(graph, runtime=runtime)


def test_a_state_of_16_bits_with_a_zero_point(graph_of):
    graph = graph_of(Svdf("int8", state=3).content())
    with pytest.raises(ValueError, match="its state has the zero point 3"):
        lift(graph)


def test_a_state_of_two(graph_of):
    """What one writes the other reads: no image begins at 0."""
    svdf = Svdf("float32")
    svdf.content()
    (operator,) = svdf.net._graph.operators
    svdf.net.add(
        "SVDF",
        operator.inputs,
        (1, UNITS),
        "SVDFOptions",
        rank=svdf.rank,
    )
    with pytest.raises(ValueError, match="tensor 4, 'tensor 4', keeps a state"):
        graph_of(svdf.net.content())


@pytest.mark.parametrize("kind", ["float32", "dynamic", "int8"])
def test_gradients(graph_of, kind):
    """Past every rounding those of the numbers that integers stand for."""
    svdf = Svdf(kind, activation=handmade.NONE, written=(0.02, 5))
    model = lift(graph_of(svdf.content()))
    values = tf.constant(rows(3, 1.0))
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = tf.reduce_sum(model(values)[:, 2])
    found = tape.gradient(total, values).numpy()
    assert np.abs(found).max() > 0.1
    for i, move in enumerate(0.5 * np.eye(WIDTH, dtype="f")):
        ahead, behind = (
            model(values + sign * move)[:, 2].numpy() for sign in (1, -1)
        )
        rounded = 1e-3 if kind == "float32" else 0.03
        np.testing.assert_allclose(found[:, i], ahead - behind, atol=rounded)


def test_an_activation_has_its_gradient(graph_of):
    """Also where it is the end of what integers can be written."""
    for kind in ("float32", "int8"):
        model = lift(graph_of(Svdf(kind).content()))
        values = tf.constant(rows(20))
        with tf.GradientTape() as tape:
            tape.watch(values)
            written = model(values)
        found = tape.batch_jacobian(written, values).numpy()
        held = written.numpy() > 0.03
        assert 0.1 < held.mean() < 0.9
        assert (found[held] != 0).any(axis=1).all()
        assert (found[written.numpy() == 0] == 0).all()


@pytest.mark.parametrize("runtime", running.RUNTIMES.values())
@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_no_image_is_told_of_the_one_before(graph_of, kind, runtime):
    path = graph_of(Svdf(kind).content()).path
    images = rows(5)
    with ak.edge.start(path, runtime) as session:
        outputs = session.predict(images).outputs
        again = session.predict(images[::-1]).outputs
    np.testing.assert_array_equal(outputs, again[::-1])


@pytest.mark.parametrize("kind", ["float32", "dynamic", "int8"])
def test_an_attack(graph_of, kind):
    path = graph_of(Svdf(kind).content()).path
    classifier = ak.load(path, bounds=(-3, 3))
    images = rows(40)
    labels = classifier.predict(images)
    result = ak.attacks.FGSM(epsilon=1.0)(classifier, images, labels)
    assert result.success.mean() > 0.5
    with ak.edge.start(path) as session:
        said = session.predict(result.images).labels
    np.testing.assert_array_equal(result.success, said != labels)
