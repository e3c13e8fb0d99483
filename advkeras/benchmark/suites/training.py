"""A step of adversarial training beside the two gradients that it needs."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from advkeras import channels
from advkeras.attacks import FGSM
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.training import AdversarialTraining
from advkeras.version import __version__

REPEATS = 20
FLOOR = "two gradients"


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Times one step on all images at once, on copies of the model.

    The floor takes the gradient by the pixels, and that of both losses by the
    weights, and moves both, in one compiled function without a metric.

    Args:
        classifier: The model trained, on from where it is; left as it is.
        data: Where the images come from.
        options: How much is measured.

    Returns:
        The two gradients, then our step.
    """
    images, labels = data.sample(options.examples, options.seed)
    given = tf.constant(images), tf.constant(labels)
    floor = _two_gradients(_copy(classifier), options.epsilon)
    ours = _step(_copy(classifier), options.epsilon)
    calls = {
        FLOOR: lambda: floor(*given).numpy(),
        "AdversarialTraining": lambda: ours(*given).numpy(),
    }
    repeats = options.repeats or REPEATS
    times = interleaved(calls, repeats)
    to_floor = times.ratios(FLOOR)
    return [
        Row(
            name,
            tf.__version__ if name == FLOOR else __version__,
            len(images),
            repeats,
            times.median(name) / len(images),
            to_floor[name],
        )
        for name in calls
    ]


def _copy(classifier: Classifier) -> Classifier:
    model = keras.models.clone_model(classifier.model)
    model.set_weights(classifier.model.get_weights())
    return Classifier(model, classifier.bounds, classifier.outputs)


def _loss(classifier: Classifier) -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=classifier.outputs == "logits"
    )


def _two_gradients(
    classifier: Classifier, epsilon: channels.Amount
) -> Callable[..., Any]:
    model, loss = classifier.model, _loss(classifier)
    lower, upper = channels.lower_upper(classifier.bounds)
    optimizer = keras.optimizers.SGD(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            error = loss(labels, model(images, training=False))
        sign = tf.sign(tape.gradient(error, images))
        found = images + tf.constant(epsilon, images.dtype) * sign
        both = tf.concat([images, tf.clip_by_value(found, lower, upper)], 0)
        with tf.GradientTape() as tape:
            outputs = model(both, training=True)
            error = loss(tf.concat([labels, labels], 0), outputs)
        weights = model.trainable_variables
        optimizer.apply_gradients(
            zip(tape.gradient(error, weights), weights, strict=True)
        )
        return error

    return step


def _step(
    classifier: Classifier, epsilon: channels.Amount
) -> Callable[..., Any]:
    trainer = AdversarialTraining(
        classifier.model, FGSM(epsilon), bounds=classifier.bounds
    )
    trainer.compile(keras.optimizers.SGD(1e-3), _loss(classifier))

    @tf.function(autograph=False)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return trainer.train_step((images, labels))["loss"]

    return step
