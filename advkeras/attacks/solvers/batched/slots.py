"""What the batched solver knows of each image under way.

Everything has one row an image. Pixels are flat and in units of their range,
between 0 and 1; vectors of them are float32, what decides is float64.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from advkeras.attacks.solvers.batched import pairs
from advkeras.attacks.solvers.batched.pairs import Pairs


class Point(NamedTuple):
    """A place, and what the model says there.

    Attributes:
        position: (n, pixels).
        loss: Cross-entropy of the target, (n,).
        gradient: Of the loss, (n, pixels).
        margin: The target's logit less the largest other one, (n,).
        squared: |r|^2, (n,); infinity where there is no such point yet.
    """

    position: tf.Tensor
    loss: tf.Tensor
    gradient: tf.Tensor
    margin: tf.Tensor
    squared: tf.Tensor


class Search(NamedTuple):
    """The search for c; all (n,).

    Attributes:
        c: The weight in use.
        low: The largest c that succeeded, 0 if none.
        high: The smallest c that failed, infinity if none.
        low_margin: Margin of the solution at low.
        high_margin: Margin of the solution at high.
        guesses: Values of c in a row that were interpolated, not bisected.
        final: Whether c is found, and this solve goes to its end.
        misses: How often a final solve failed after all.
    """

    c: tf.Tensor
    low: tf.Tensor
    high: tf.Tensor
    low_margin: tf.Tensor
    high_margin: tf.Tensor
    guesses: tf.Tensor
    final: tf.Tensor
    misses: tf.Tensor


class Slots(NamedTuple):
    """The images that are worked on together.

    Attributes:
        origin: The images, (n, pixels).
        target: Classes aimed at, (n,).
        reach: |r|^2 of an example that is known already, (n,).
        here: Where each solve has come to.
        best: The nearest place seen that reaches the target.
        best_c: The c in use when it was seen, (n,).
        trial: Where the model is to be asked next, (n, pixels).
        step: How far along its direction the trial lies, (n,).
        iterations: Steps taken in this solve, (n,).
        rejections: Trials refused since the last step, (n,).
        scale: Length that the newest curvature pair gives a step, (n,).
        search: The search for c.
        pairs: Curvature pairs.
        evaluations: Gradients used, (n,).
        stop: How the last solve ended, (n,).
        running: Whether there is still work to do, (n,).
    """

    origin: tf.Tensor
    target: tf.Tensor
    reach: tf.Tensor
    here: Point
    best: Point
    best_c: tf.Tensor
    trial: tf.Tensor
    step: tf.Tensor
    iterations: tf.Tensor
    rejections: tf.Tensor
    scale: tf.Tensor
    search: Search
    pairs: Pairs
    evaluations: tf.Tensor
    stop: tf.Tensor
    running: tf.Tensor


def fresh(
    images: tf.Tensor,
    targets: tf.Tensor,
    c: tf.Tensor,
    reach: tf.Tensor,
    memory: int,
) -> Slots:
    """Returns slots of images that are about to start.

    An image enters where it is, with an infinite loss: whatever the model
    says of it is then a step forward.

    Args:
        images: (n, pixels).
        targets: (n,).
        c: The first c, float64, (n,).
        reach: |r|^2 of an example that is known already, float64, (n,).
        memory: Curvature pairs to keep.
    """
    n = tf.shape(images)[0]

    def real(value: float) -> tf.Tensor:
        return tf.fill((n,), tf.constant(value, tf.float64))

    def whole(value: int) -> tf.Tensor:
        return tf.fill((n,), value)

    nothing = tf.zeros_like(images)
    start = Point(images, real(math.inf), nothing, real(-math.inf), real(0))
    return Slots(
        origin=images,
        target=targets,
        reach=reach,
        here=start,
        best=start._replace(squared=real(math.inf)),
        best_c=real(math.nan),
        trial=images,
        step=real(1),
        iterations=whole(-1),  # the first trial is where the image is
        rejections=whole(0),
        scale=real(1),
        search=Search(
            c=c,
            low=real(0),
            high=real(math.inf),
            low_margin=real(0),
            high_margin=real(0),
            guesses=whole(0),
            final=tf.fill((n,), False),
            misses=whole(0),
        ),
        pairs=pairs.none(n, memory),
        evaluations=whole(0),
        stop=whole(0),
        running=tf.fill((n,), True),
    )


def choose(mask: tf.Tensor, yes: Point, no: Point) -> Point:
    """Returns for each row the point of `yes` where the mask holds."""
    return Point(
        *(
            tf.where(mask[:, None] if a.shape.rank == 2 else mask, a, b)
            for a, b in zip(yes, no, strict=True)
        )
    )
