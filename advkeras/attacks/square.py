"""Square Attack: Andriushchenko et al. 2020, section 3, for "linf"."""

import dataclasses
from collections.abc import Callable
from typing import Any
from typing import ClassVar

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import objectives
from advkeras.attacks import seeds
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.classifier import Classifier

_SHARE = 0.8  # of the pixels, in the first square
# The share is halved whenever so much of all queries is done.
_HALVED = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


@dataclasses.dataclass(frozen=True)
class Square(Attack):
    """Random search by queries alone: it asks for scores, not for gradients.

    Begins with vertical stripes of -epsilon and epsilon; then one square at a
    time, anywhere, is set to -epsilon or epsilon in each channel, and kept
    if it brings the image nearer to the goal. The squares become smaller. What
    it finds and a gradient attack does not is hidden from the gradient.

    Args:
        epsilon: Largest change of a pixel, above 0, in the units of the
            images.
        queries: How often an image is shown to the model, at most.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.Square(epsilon=0.1)(classifier, images, labels)
    """

    needs_gradient: ClassVar[bool] = False

    epsilon: float
    queries: int = 1000
    targets: str | None = None

    def __post_init__(self) -> None:
        checks.check_positive("epsilon", self.epsilon)
        checks.check_count("queries", self.queries)
        check_target_rule(self.targets)

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Searches, batch by batch; see `Attack.generate`."""
        goals = labels if targets is None else targets
        height = classifier.compiled(
            ("square", targets is not None),
            lambda c: _build_height(c, targets is not None),
        )
        epsilon = self.epsilon
        if classifier.levels is not None:
            epsilon = classifier.levels.whole(epsilon)
        found = np.empty_like(images)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            found[rows] = _search(
                lambda shown, wanted: height(shown, wanted).numpy(),
                images[rows],
                goals[rows],
                epsilon,
                classifier.bounds,
                self.queries,
                seed,
            )
        return Generated(found, classifier.predict(images, batch_size))


def _search(
    height: Callable[[np.ndarray, np.ndarray], np.ndarray],
    images: np.ndarray,
    goals: np.ndarray,
    epsilon: float,
    bounds: checks.Bounds,
    queries: int,
    seed: int,
) -> np.ndarray:
    """Returns the best of each image; those above 0 are left alone."""
    shape = images.shape
    rank = images.ndim
    # As height, width and channels, whatever the model calls them.
    images = images.reshape(
        (*shape, *(1,) * (4 - rank)) if rank < 4 else (*shape[:3], -1)
    )
    n, rows, columns, channels = images.shape
    randoms = [seeds.generator(image, seed) for image in images]
    lowest = np.maximum(images - np.float32(epsilon), bounds[0])
    highest = np.minimum(images + np.float32(epsilon), bounds[1])

    def ask(shown: np.ndarray, which: np.ndarray) -> np.ndarray:
        return height(shown.reshape(-1, *shape[1:]), goals[which])

    stripes = np.stack([r.random((1, columns, channels)) for r in randoms])
    best = np.where(stripes < 0.5, lowest, highest)
    best_height = ask(best, np.arange(n))
    # Of each query: where the square lies, and its sign in each channel.
    draws = np.stack([r.random((queries, 2 + channels)) for r in randoms])
    at_row, at_column = np.arange(rows), np.arange(columns)
    for query in range(1, queries):
        left = np.flatnonzero(~(best_height > 0))
        if not len(left):
            break
        share = _SHARE / 2 ** np.searchsorted(_HALVED, query / queries)
        side = max(1, round(float(np.sqrt(share * rows * columns))))
        tall, wide = min(side, rows), min(side, columns)
        drawn = draws[left, query]
        top = (drawn[:, :1] * (rows - tall + 1)).astype(int)
        begin = (drawn[:, 1:2] * (columns - wide + 1)).astype(int)
        inside = ((at_row >= top) & (at_row < top + tall))[:, :, None] & (
            (at_column >= begin) & (at_column < begin + wide)
        )[:, None, :]
        signed = np.where(
            drawn[:, None, None, 2:] < 0.5, lowest[left], highest[left]
        )
        trial = np.where(inside[..., None], signed, best[left])
        reached = ask(trial, left)
        better = reached > best_height[left]
        best[left[better]] = trial[better]
        best_height[left[better]] = reached[better]
    return best.reshape(shape)


def _build_height(classifier: Classifier, targeted: bool) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, *classifier.image_shape)),
            tf.TensorSpec((None,), tf.int64),
        ],
        autograph=False,
    )
    def height(images: tf.Tensor, goals: tf.Tensor) -> tf.Tensor:
        logits = classifier.logits(tf.cast(images, classifier.dtype))
        margin = objectives.margin_against(logits, goals)
        return -margin if targeted else margin

    return height
