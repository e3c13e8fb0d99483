"""The floors: what no attack can do without."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from advkeras.classifier import Classifier


def gradient(classifier: Classifier) -> Callable[..., Any]:
    """Returns the gradient of cross-entropy by the pixels, and no more."""

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ]
    )
    def bare(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels, classifier.logits(images)
            )
        return tape.gradient(loss, images)

    return bare


def forward(classifier: Classifier) -> Callable[..., Any]:
    """Returns the logits as a compiled function."""
    return tf.function(
        classifier.logits, input_signature=[classifier.images_spec()]
    )
