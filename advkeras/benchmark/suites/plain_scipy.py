"""L-BFGS as most people would write it: SciPy, one image after the other."""

from typing import NamedTuple

import numpy as np
import scipy.optimize
import tensorflow as tf

from advkeras import channels
from advkeras.classifier import Classifier

MAX_ITERATIONS = 100


class Found(NamedTuple):
    """What was found.

    Attributes:
        images: float32, (n, height, width, channels); clean where no c
            succeeded.
        gradient_evaluations: int64, (n,).
    """

    images: np.ndarray
    gradient_evaluations: np.ndarray


def attack(
    classifier: Classifier,
    images: np.ndarray,
    targets: np.ndarray,
    c_rtol: float = 0.02,
) -> Found:
    """Minimises c |r|^2 + cross-entropy, and searches for the largest c.

    Gradients are float32's, of one image. Every c starts from the clean
    image, and c is bracketed by factors of 4, then bisected.

    Args:
        classifier: The model to fool.
        images: float32, (n, height, width, channels), within the bounds.
        targets: Classes to reach, int64, (n,).
        c_rtol: The bisection stops when c is known to this tolerance.
    """
    lower, upper = channels.lower_upper(classifier.bounds)
    value_and_gradient = classifier.compiled("plain scipy", _build)

    def solve(image: np.ndarray, target: int) -> tuple[np.ndarray, int]:
        clean = ((image - lower) / (upper - lower)).ravel().astype(np.float64)
        found, evaluations = image, 0
        succeeded, failed, c = 0.0, np.inf, 1.0

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
            pixels = x.reshape(1, *image.shape).astype(np.float32)
            loss, gradient = value_and_gradient(pixels, [target])
            gradient = gradient.numpy().ravel().astype(np.float64)
            r = x - clean
            return loss.numpy() + c * (r @ r), gradient + 2 * c * r

        while failed > succeeded * (1 + c_rtol) and 1e-6 < c < 1e6:
            solution = scipy.optimize.minimize(
                objective,
                clean,
                jac=True,
                method="L-BFGS-B",
                bounds=[(0, 1)] * clean.size,
                options={"maxiter": MAX_ITERATIONS},
            )
            evaluations += solution.nfev
            tried = lower + (upper - lower) * solution.x.reshape(image.shape)
            tried = tried.astype(np.float32).clip(lower, upper)
            if classifier.predict(tried[None])[0] == target:
                found, succeeded = tried, c
            else:
                failed = c
            if np.isinf(failed):
                c = 4 * succeeded
            elif succeeded == 0:
                c = failed / 4
            else:
                c = np.sqrt(succeeded * failed)
        return found, evaluations

    pairs = [solve(*goal) for goal in zip(images, targets, strict=True)]
    found, evaluations = zip(*pairs, strict=True)
    return Found(np.stack(found), np.array(evaluations))


def _build(classifier: Classifier) -> tf.types.experimental.GenericFunction:
    lower, upper = channels.lower_upper(classifier.bounds)

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((1,), tf.int64),
        ]
    )
    def value_and_gradient(
        pixels: tf.Tensor, target: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            logits = classifier.logits(lower + (upper - lower) * pixels)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                target, logits
            )[0]
        return loss, tape.gradient(loss, pixels)

    return value_and_gradient
