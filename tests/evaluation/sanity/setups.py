"""Set-ups that are broken or mask their gradients, on purpose.

python -m tests.evaluation.sanity.setups

prints what the checks say of each: the table of docs/trust.md.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import advkeras as ak

SHARE = 0.1  # of the pixel range


@dataclasses.dataclass(frozen=True)
class Setup:
    """A model, images and labels; and an epsilon, where it is the fault."""

    model: Any
    images: np.ndarray
    labels: np.ndarray
    bounds: tuple[float, float] = (0.0, 1.0)
    epsilon: float | None = None


@functools.cache
def digits(n=128):
    return ak.datasets.load("mnist5k", "test").sample(n)


@functools.cache
def net():
    return ak.models.load("m1")


def around(before=(), after=()):
    return keras.Sequential([keras.Input((28, 28, 1)), *before, net(), *after])


def function(call, **options):
    return layers.Lambda(call, **options)


def wrong_bounds():
    return Setup(around([layers.Rescaling(1 / 255)]), *digits())


def wrong_unit():
    images, labels = digits()
    model = around([layers.Rescaling(1 / 255)])
    return Setup(model, 255 * images, labels, (0.0, 255.0), 8 / 255)


def saturated_softmax():
    hidden = function(lambda z: keras.ops.softmax(200 * z))
    return Setup(around(after=[hidden, layers.Dropout(0.5)]), *digits())


def gradient_free_quantiser():
    return Setup(around([function(lambda x: tf.sign(x - 0.5))]), *digits())


def random_layer():
    class Noise(layers.GaussianNoise):
        def call(self, x, training=False):
            return super().call(x, training=True)

    return Setup(around([Noise(0.1)]), *digits())


def not_a_number():
    def overflow(z):
        return tf.cast(tf.cast(tf.exp(8 * z), tf.float16), tf.float32)

    return Setup(around(after=[function(overflow)]), *digits())


def shattered_input():
    return Setup(around([function(lambda x: tf.round(4 * x) / 4)]), *digits())


def distilled(temperature=100.0):
    """Papernot et al. 2016: both nets trained at T, the second used at 1."""
    train = ak.datasets.load("mnist5k", "train")

    def fitted(targets, seed):
        model = ak.models.build("fc100-100-10", seed=seed)
        cooled = keras.Sequential([model, layers.Rescaling(1 / temperature)])
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        cooled.compile(keras.optimizers.Adam(0.02), loss)
        keras.utils.set_random_seed(seed)
        cooled.fit(train.images, targets, epochs=40, batch_size=256, verbose=0)
        return model, cooled

    _, teacher = fitted(np.eye(10)[train.labels], 0)
    soft = tf.nn.softmax(teacher.predict(train.images, verbose=0)).numpy()
    student, _ = fitted(soft, 1)
    return Setup(keras.Sequential([student, layers.Softmax()]), *digits())


def scaled_logits():
    return Setup(
        around(after=[layers.Rescaling(1e4), layers.Softmax()]), *digits()
    )


def thermometer():
    """Buckman et al. 2018: a pixel as the thresholds that it is above."""

    def coded(x):
        above = [tf.cast(x > k / 16, tf.float32) for k in range(16)]
        return tf.add_n(above) / 16

    return Setup(around([function(coded)]), *digits())


def shifted_labels():
    images, labels = digits()
    return Setup(net(), images, (labels + 1) % 10)


def constant_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(10, kernel_initializer="zeros"),
        ]
    )
    return Setup(model, *digits())


READS = "clean images are read better than by chance"
GRADIENT = "every image has a gradient"
SATURATED = "cross-entropy has a gradient where the log-odds do"
# What it is -> (how to make it, the check that has to fail).
SETUPS: dict[str, tuple[Callable[[], Setup], str]] = {
    "wrong bounds": (wrong_bounds, READS),
    "wrong unit": (wrong_unit, "epsilon is a change that pictures can have"),
    "saturated softmax": (saturated_softmax, SATURATED),
    "gradient-free quantiser": (gradient_free_quantiser, GRADIENT),
    "random layer": (random_layer, "the model is deterministic"),
    "NaN": (not_a_number, "every image has an answer"),
    "input rounded by tf.round": (shattered_input, GRADIENT),
    "defensive distillation, T = 100": (distilled, SATURATED),
    "logits scaled by 10,000": (scaled_logits, SATURATED),
    "thermometer-coded input": (thermometer, GRADIENT),
    "labels shifted by one": (shifted_labels, READS),
    "constant model": (constant_model, READS),
}


def checks_of(setup):
    classifier = ak.Classifier(setup.model, setup.bounds)
    epsilon = setup.epsilon or classifier.epsilon(SHARE)
    return ak.evaluation.trust(classifier, setup.images, setup.labels, epsilon)


def main():
    print("| set-up | what fails | what was found |")
    print("| --- | --- | --- |")
    for name, (build, wanted) in SETUPS.items():
        failed = {c.name: c for c in checks_of(build()).failed}
        others = "; ".join(sorted(set(failed) - {wanted})) or "-"
        said = failed[wanted].found if wanted in failed else "MISSED"
        print(f"| {name} | {wanted} | {said} Also: {others} |", flush=True)


if __name__ == "__main__":
    main()
