"""The square attack, which asks for no gradient.

Andriushchenko, Croce, Flammarion and Hein, "Square attack: a query-efficient
black-box adversarial attack via random search", ECCV 2020, section 3.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any
from typing import ClassVar
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import objectives
from advkeras.attacks import seeds
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.attack import keep_amount
from advkeras.classifier import Classifier

# Shares of the queries after which squares have half the area, section 3.2.
_HALVED = np.array([10, 50, 200, 1000, 2000, 4000, 6000, 8000]) / 10_000


@dataclasses.dataclass(frozen=True)
class Square(Attack):
    """Random squares, kept where they do not harm, at the ball's corners.

    The first query is stripes of +-epsilon. Each further one sets a square of
    random place, and of random sign in each channel, to +-epsilon, and stays
    unless the margin fell: how far another class is above the label. It sees
    logits alone, so it also works where gradients are absent, or mislead: a
    gradient attack that fools less than this one was not at its best.

    Channels are the last of three axes; images of two have none, and of one
    axis are a single row, where squares are stretches.

    Args:
        epsilon: Radius of the ball, above 0, in the units of the images; or
            one for each channel.
        queries: The most that is asked of the model for an image, after the
            image itself. An image asks no more once it succeeds.
        p_init: Share of the picture that the first squares cover, 0 to 1.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.Square(epsilon=0.1)(classifier, images, labels)
        >>> result.queries  # that each image took
    """

    needs_gradient: ClassVar[bool] = False

    epsilon: channels.Amount
    queries: int = 1000
    p_init: float = 0.8
    targets: str | None = None

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_count("queries", self.queries)
        checks.check_share("p_init", self.p_init)
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
        targeted = targets is not None
        goals = labels if targets is None else targets
        epsilon = self.epsilon
        if classifier.levels is not None:
            epsilon = classifier.levels.whole(epsilon)
        shape = np.shape(epsilon)
        search = classifier.compiled(
            ("square", targeted, *shape),
            lambda c: _build_search(c, targeted, shape),
        )
        picture = _picture(images.shape[1:])
        sizes = _sizes(picture, self.queries - 1, self.p_init)
        found = np.empty_like(images)
        asked = np.empty(len(images), np.int64)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            found[rows], asked[rows] = search(
                images[rows],
                goals[rows],
                channels.array(epsilon),
                picture,
                sizes,
                *_draws(images[rows], picture, sizes, seed),
            )
        return Generated(
            found,
            classifier.predict(images, batch_size),
            {"gradient_evaluations": np.zeros_like(asked), "queries": asked},
        )


def _picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Returns the (height, width, channels) that an image is taken to have."""
    if len(shape) == 1:
        return 1, *shape, 1
    if len(shape) == 2:
        return *shape, 1
    height, *width, channels = shape
    return height, math.prod(width), channels


def _sizes(
    picture: tuple[int, int, int], squares: int, p_init: float
) -> np.ndarray:
    """Returns the (height, width) of each square, int32, (squares, 2).

    A side that the picture is too short for is made good by the other.
    """
    height, width, _ = picture
    done = np.arange(1, squares + 1) / (squares + 1)
    halvings = np.searchsorted(_HALVED, done)  # strictly after the share
    area = p_init * height * width * 0.5**halvings
    side = np.sqrt(area)
    sides = np.maximum(side, area / width), np.maximum(side, area / height)
    return np.clip(np.rint(np.stack(sides, 1)), 1, (height, width)).astype(
        np.int32
    )


def _draws(
    images: np.ndarray,
    picture: tuple[int, int, int],
    sizes: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws all that is random, each image's by the image and the seed.

    Returns:
        Signs of the stripes, as `images`; first row and column of each square,
        (n, squares, 2); and its sign in each channel, (n, squares, channels).
    """
    height, width, channels = picture
    n, squares = len(images), len(sizes)
    stripes = np.empty((n, *picture), np.int8)
    corners = np.empty((n, squares, 2), np.int32)
    signs = np.empty((n, squares, channels), np.int8)
    for i, image in enumerate(images):
        random = seeds.generator(image, seed)
        stripes[i] = random.integers(2, size=(1, width, channels))
        corners[i] = random.integers(np.array([height, width]) - sizes + 1)
        signs[i] = random.integers(2, size=(squares, channels))
    return 2 * stripes.reshape(images.shape) - 1, corners, 2 * signs - 1


class _State(NamedTuple):
    """Where a search is: the next square, and for each image the rest."""

    i: tf.Tensor
    images: tf.Tensor
    margin: tf.Tensor  # of the images
    done: tf.Tensor
    asked: tf.Tensor  # queries so far


def _build_search(
    classifier: Classifier, targeted: bool, of_epsilon: tuple[int, ...]
) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)
    images_spec = classifier.images_spec()

    def ask(images: tf.Tensor, goals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what is climbed, and whether there is no need to go on."""
        logits = classifier.logits(images)
        margin = objectives.margin_against(logits, goals)
        met = objectives.reached(logits, goals, targeted)
        return (-margin if targeted else margin), met

    @tf.function(
        input_signature=[
            images_spec,
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec(of_epsilon, classifier.dtype),
            tf.TensorSpec((3,), tf.int32),
            tf.TensorSpec((None, 2), tf.int32),
            tf.TensorSpec(images_spec.shape, tf.int8),
            tf.TensorSpec((None, None, 2), tf.int32),
            tf.TensorSpec((None, None, None), tf.int8),
        ],
        autograph=False,
    )
    def search(
        originals: tf.Tensor,
        goals: tf.Tensor,
        epsilon: tf.Tensor,
        picture: tf.Tensor,
        sizes: tf.Tensor,
        stripes: tf.Tensor,
        corners: tf.Tensor,
        signs: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        axes = list(range(1, originals.shape.rank))

        def each(numbers: tf.Tensor) -> tf.Tensor:
            """Gives numbers of images the rank of images."""
            return tf.reshape(numbers, (-1, *(1 for _ in axes)))

        def moved(originals: tf.Tensor, signs: tf.Tensor) -> tf.Tensor:
            far = originals + epsilon * tf.cast(signs, originals.dtype)
            return tf.clip_by_value(far, lower, upper)

        def square(i: tf.Tensor, those: tf.Tensor) -> tf.Tensor:
            """Returns the sign of each pixel in a square, and 0 elsewhere."""
            first = tf.gather(corners[:, i], those)
            sign = tf.gather(signs[:, i], those)

            def within(axis: int) -> tf.Tensor:
                past = tf.range(picture[axis]) - first[:, axis, None]
                return (past >= 0) & (past < sizes[i, axis])

            inside = within(0)[:, :, None, None] & within(1)[:, None, :, None]
            return tf.where(inside, sign[:, None, None, :], 0)

        def searched(now: _State) -> tuple[_State]:
            those = tf.where(~now.done)[:, 0]
            begin, images, goal, margin = (
                tf.gather(of_all, those)
                for of_all in (originals, now.images, goals, now.margin)
            )
            sign = tf.reshape(square(now.i, those), tf.shape(images))
            tried = tf.where(sign == 0, images, moved(begin, sign))
            # To ask again what is known would waste a query.
            known = tf.reduce_all(tried == images, axes, keepdims=True)
            other = tf.where(sign == 0, images, moved(begin, -sign))
            tried = tf.where(known, other, tried)
            height, met = ask(tried, goal)
            # Equals too: coarse logits, as quantised ones, have plateaus.
            better = (height >= margin) | met

            def put(of_all: tf.Tensor, of_those: tf.Tensor) -> tf.Tensor:
                return tf.tensor_scatter_nd_update(
                    of_all, those[:, None], of_those
                )

            return (
                _State(
                    now.i + 1,
                    put(now.images, tf.where(each(better), tried, images)),
                    put(now.margin, tf.where(better, height, margin)),
                    put(now.done, met),
                    tf.where(now.done, now.asked, now.asked + 1),
                ),
            )

        _, fooled = ask(originals, goals)
        begin = moved(originals, stripes)
        margin, met = ask(begin, goals)
        (now,) = tf.while_loop(
            lambda now: (now.i < tf.shape(sizes)[0]) & tf.reduce_any(~now.done),
            searched,
            (
                _State(
                    tf.constant(0),
                    tf.where(each(fooled), originals, begin),
                    margin,
                    fooled | met,
                    tf.cast(~fooled, tf.int64),
                ),
            ),
        )
        return now.images, now.asked

    return search
