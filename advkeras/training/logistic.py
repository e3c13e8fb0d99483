"""Adversarial training of logistic regression, without an attack."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from advkeras import checks


def logistic_adversarial_loss(
    model: keras.Model, epsilon: float
) -> Callable[[Any, Any], Any]:
    """Returns the loss at the worst images within epsilon, in closed form.

    Of a linear score w.x + b the worst change is known, -y epsilon sign(w),
    so that

        softplus(epsilon |w|_1 - y (w.x + b)),   y = 2 label - 1

    is the cross-entropy of FGSM's images (unclipped) of epsilon, whatever they
    are. Goodfellow et al. 2014, section 5, print it for y = 1 alone. It has a
    corner where a weight is 0: minimise it in small steps, not by L-BFGS.

    Args:
        model: A "logistic" model; its weights are looked up at each call.
        epsilon: Largest change of a pixel, above 0.

    Returns:
        A function of labels, int (n,), and logits, (n, 2), to losses, (n,),
        that Keras's `compile` takes.

    Raises:
        ValueError: An argument is not as described.

    Example:
        >>> model = ak.models.build("logistic")
        >>> loss = ak.training.logistic_adversarial_loss(model, 0.25)
        >>> model.compile("sgd", loss)
    """
    checks.check_positive("epsilon", epsilon)
    names = [layer.name for layer in model.layers]
    if "score" not in names:
        raise ValueError(
            "`model` must be logistic regression, with a layer named 'score'. "
            f"Received: layers {', '.join(names)}"
        )
    score = model.get_layer("score")

    def loss(labels: Any, logits: Any) -> Any:
        sign = 2 * tf.cast(tf.reshape(labels, (-1,)), logits.dtype) - 1
        length = tf.reduce_sum(tf.abs(tf.convert_to_tensor(score.kernel)))
        margin = sign * (logits[:, 1] - logits[:, 0])
        return tf.nn.softplus(epsilon * length - margin)

    return loss
