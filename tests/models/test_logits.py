"""Softmax of the recovered logits is what the model returns."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras import ops

from advkeras.models import find_head

SPEC = tf.TensorSpec((None, 8, 8, 3))


def images(n=5, shape=(8, 8, 3)):
    return np.random.default_rng(0).random((n, *shape), np.float32)


def scores(scale=1.0):
    return layers.Dense(3, kernel_initializer=_Scaled(scale))


class _Scaled(keras.initializers.Initializer):
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, shape, dtype=None):
        return self.scale * keras.random.normal(shape, dtype=dtype, seed=1)


def sequential(*last):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), *last]
    )


def functional_with_branches(scale=1.0):
    inputs = keras.Input((8, 8, 3))
    a = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
    b = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(inputs))
    joined = layers.Concatenate()([a, b])
    return keras.Model(inputs, layers.Softmax()(scores(scale)(joined)))


def nested(scale=1.0):
    inner = sequential(scores(scale), layers.Softmax())
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, inner(layers.Rescaling(2.0)(inputs)))


def shared_inner_model(scale=1.0):
    """The inner model is called twice; only the second call is the output."""
    inner = keras.Sequential(
        [keras.Input((3,)), scores(scale), layers.Softmax()]
    )
    inputs = keras.Input((8, 8, 3))
    hidden = layers.Dense(3)(layers.Flatten()(inputs))
    return keras.Model(inputs, inner(inner(hidden)))


class Subclassed(keras.Model):
    def __init__(self, scale=1.0):
        super().__init__()
        self.body = sequential(scores(scale))

    def call(self, x, training=False):
        return ops.softmax(self.body(x))


def of_two(mix):
    def build(scale=1.0):
        inputs = keras.Input((8, 8, 3))
        both = [sequential(scores(scale), layers.Softmax()) for _ in range(2)]
        return keras.Model(inputs, mix([net(inputs) for net in both]))

    return build


def ending(*last):
    return lambda scale=1.0: sequential(
        scores(scale), *(make() for make in last)
    )


def by(function):
    return lambda: layers.Lambda(function)


def by_hand(z):
    grown = ops.exp(z - ops.max(z, axis=-1, keepdims=True))
    return grown / ops.sum(grown, axis=-1, keepdims=True)


def geometric(both):
    first, second = both
    return first * second / ops.sum(first * second, axis=-1, keepdims=True)


WITH_SOFTMAX = {
    "dense": lambda scale=1.0: sequential(
        layers.Dense(3, activation="softmax", kernel_initializer=_Scaled(scale))
    ),
    "activation layer": ending(lambda: layers.Activation("softmax")),
    "softmax layer": ending(layers.Softmax),
    "functional": functional_with_branches,
    "nested": nested,
    "shared inner model": shared_inner_model,
    "subclassed": Subclassed,
    "keras.ops": ending(by(ops.softmax)),
    "tf.nn": ending(lambda: layers.Activation(tf.nn.softmax)),
    "by hand": ending(by(by_hand)),
    "then identity": ending(layers.Softmax, layers.Identity),
    "then dropout": ending(layers.Softmax, lambda: layers.Dropout(0.5)),
    "then reshape": ending(layers.Softmax, lambda: layers.Reshape((1, 3))),
    "then a cast": ending(
        layers.Softmax, lambda: layers.Activation("linear", dtype="float64")
    ),
    "then a clip": ending(layers.Softmax, by(lambda p: ops.clip(p, 0.0, 1.0))),
    "then a safe clip": ending(
        layers.Softmax, by(lambda p: ops.clip(p, 1e-7, 1 - 1e-7))
    ),
    "then no gradient": ending(layers.Softmax, by(ops.stop_gradient)),
    "mean of two": of_two(layers.Average()),
    "stacked mean": of_two(
        layers.Lambda(lambda both: ops.mean(ops.stack(both), axis=0))
    ),
    "weighted": of_two(layers.Lambda(lambda p: 0.3 * p[0] + 0.7 * p[1])),
    "geometric mean": of_two(layers.Lambda(geometric)),
}


def found(model):
    return find_head(lambda x: model(x, training=False), SPEC)


def assert_recovered(model, head):
    assert head.kind == "softmax"
    logits = head.logits(images())
    expected = model(images(), training=False)
    np.testing.assert_allclose(
        tf.nn.softmax(logits), expected, atol=1e-6, rtol=0
    )
    assert np.ptp(np.sum(logits, axis=-1)) > 1e-3  # not probabilities again


@pytest.mark.parametrize("build", WITH_SOFTMAX.values(), ids=WITH_SOFTMAX)
def test_softmax_of_logits_is_the_output(build):
    model = build()
    assert_recovered(model, found(model))


# Of a softmax within the net what saturates is the net's own.
@pytest.mark.parametrize(
    "name", sorted(set(WITH_SOFTMAX) - {"shared inner model"})
)
def test_no_gradient_is_lost_where_the_model_is_confident(name):
    model = WITH_SOFTMAX[name](scale=1000.0)
    x = tf.constant(images())
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = found(model).logits(x)
        lead = tf.reduce_max(logits, -1) - tf.reduce_min(logits, -1)
    gradient = np.abs(tape.gradient(lead, x)).reshape(len(x), -1)
    assert (np.max(logits, -1) - np.min(logits, -1) > 88).any()
    assert (gradient.max(axis=1) > 0).all()


@pytest.mark.parametrize("name", ["softmax layer", "subclassed", "mean of two"])
def test_a_saved_model_keeps_its_logits(name, tmp_path):
    model = WITH_SOFTMAX[name]()
    model(images())
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    serve = loaded.signatures["serving_default"]
    head = find_head(lambda x: next(iter(serve(x).values())), SPEC)
    assert_recovered(model, head)
    layer = layers.TFSMLayer(
        str(tmp_path / "saved"), call_endpoint="serving_default"
    )
    head = find_head(lambda x: next(iter(layer(x).values())), SPEC)
    assert_recovered(model, head)


@pytest.mark.parametrize(
    "last",
    [
        (),
        (layers.ReLU,),
        (lambda: layers.Activation("log_softmax"),),
        (layers.Softmax, by(lambda p: ops.clip(p, 0.2, 1.0))),
        (layers.Softmax, by(ops.round)),
        (layers.Softmax, by(lambda p: ops.one_hot(ops.argmax(p, 1), 3))),
    ],
    ids=["linear", "relu", "log", "a clip that hides", "rounded", "labels"],
)
def test_what_is_no_softmax_is_left_alone(last):
    assert found(ending(*last)()) is None


def test_sigmoids_are_told_from_a_softmax():
    model = ending(lambda: layers.Activation("sigmoid"))()
    head = found(model)
    assert head.kind == "sigmoid"
    np.testing.assert_allclose(
        tf.sigmoid(head.logits(images())), model(images()), atol=1e-6
    )


def test_half_precision_is_widened_before_the_softmax():
    model = ending(lambda: layers.Softmax(dtype="float16"))()
    logits = found(model).logits(images())
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(
        tf.nn.softmax(logits), np.float32(model(images())), atol=1e-3
    )


def test_logits_follow_later_training():
    model = WITH_SOFTMAX["dense"]()
    logits = found(model).logits
    model.layers[-1].bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        keras.ops.softmax(logits(images())), model(images()), atol=1e-6
    )


def test_saturated_softmax_keeps_its_logits():
    """Where float32 says (1, 0, 0), the logits still tell the classes apart."""
    model = WITH_SOFTMAX["dense"]()
    kernel, _ = model.layers[-1].get_weights()
    model.layers[-1].set_weights([0 * kernel, np.array([500.0, 0.0, -500.0])])
    assert model(images())[0].numpy().tolist() == [1.0, 0.0, 0.0]
    logits = found(model).logits(images())[0]
    np.testing.assert_allclose(logits, [500.0, 0.0, -500.0])
