"""The climb of `APGD`: steps that halve themselves, of images that stand."""

import math
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras.attacks import balls
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks import standing
from advkeras.attacks.apart import apart
from advkeras.attacks.balls import each
from advkeras.classifier import Classifier

# Of a step, what is new; the rest is the step before. Section 3.1.
_NEW = 0.75
_FIRST_STEP = 2.0  # epsilons


class _State(NamedTuple):
    """Where a climb is, for each image."""

    i: tf.Tensor
    images: tf.Tensor
    last: tf.Tensor  # where it was before
    last_height: tf.Tensor
    best: tf.Tensor
    height: tf.Tensor  # of the best
    uphill: tf.Tensor  # gradient at the best
    size: tf.Tensor  # of a step, in epsilons
    risen: tf.Tensor  # steps that went up since the checkpoint
    mark: tf.Tensor  # height of the best at the checkpoint
    halved: tf.Tensor  # whether the step was halved there
    originals: tf.Tensor
    labels: tf.Tensor
    aim: tf.Tensor
    used: tf.Tensor  # gradients so far
    met: tf.Tensor
    done: tf.Tensor


def checkpoints(steps: int) -> np.ndarray:
    """Returns for each step 0 .. steps how long the checkpoint's span is.

    0 where there is none. Section 3.2: the first after 22 % of the steps, then
    after 3 % less than the time before, and at least 6 %.
    """
    spans = np.zeros(steps + 1, np.int32)
    share, ago, last = 0.22, 0.22, 0
    while share < 1:
        # 0.22 + 0.19 is not quite 0.41.
        now = math.ceil(round(share * steps, 6))
        if now > last:
            spans[now], last = now - last, now
        ago = max(ago - 0.03, 0.06)
        share += ago
    return spans


def build(
    classifier: Classifier,
    norm: str,
    loss: str,
    rho: float,
    aimed: bool,
    targeted: bool,
    stop_early: bool,
    of_epsilon: tuple[int, ...],
) -> Callable[..., Any]:
    """Returns the compiled climb of a batch.

    Args:
        classifier: The model to fool.
        norm: See `APGD`, as for the next two.
        loss: Likewise.
        rho: Likewise.
        aimed: Whether it climbs toward a class.
        targeted: Whether only that class will do.
        stop_early: Whether an image leaves where it first succeeds.
        of_epsilon: Shape of the radius, () or (channels,).

    Returns:
        Function of (originals, where each begins, labels, classes to aim at,
        radius, `checkpoints`, how many to work on together) to the images
        found, how high they are, gradients used and whether the goal was met.
    """
    images_spec = classifier.images_spec()
    labels_spec = tf.TensorSpec((None,), tf.int64)
    levels = classifier.levels
    if norm == "linf":  # whose budget is whole levels: the nearest is in
        levels = None

    def shown(images: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
        return images if levels is None else levels.toward(images, originals)

    def met_by(logits: tf.Tensor, now: _State) -> tf.Tensor:
        goals = now.aim if targeted else now.labels
        return objectives.reached(logits, goals, targeted)

    def height_of(logits: tf.Tensor, now: _State) -> tf.Tensor:
        if loss == "ce" and aimed:
            return -objectives.log_odds_against(logits, now.aim)
        if loss == "ce":
            return objectives.log_odds_against(logits, now.labels)
        if aimed:
            return objectives.logits_ratio_toward(logits, now.labels, now.aim)
        return objectives.logits_ratio_against(logits, now.labels)

    @tf.function(
        input_signature=[
            images_spec,
            images_spec,
            labels_spec,
            labels_spec,
            tf.TensorSpec(of_epsilon, classifier.dtype),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((), tf.int32),
        ],
        autograph=False,
    )
    def climb(
        originals: tf.Tensor,
        begin: tf.Tensor,
        labels: tf.Tensor,
        aim: tf.Tensor,
        epsilon: tf.Tensor,
        spans: tf.Tensor,
        places: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        steps = tf.shape(spans)[0] - 1

        def inside(images: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
            return balls.inside(
                images, originals, norm, epsilon, classifier.bounds
            )

        def enter(rows: tf.Tensor) -> _State:
            centres = tf.gather(originals, rows)
            images = inside(tf.gather(begin, rows), centres)
            nothing, no = tf.zeros_like(rows), tf.zeros_like(rows, tf.bool)
            least = tf.fill(tf.shape(rows), images.dtype.min)
            return _State(
                i=nothing,
                images=images,
                last=images,
                last_height=least,
                best=images,
                height=least,
                uphill=images,
                size=tf.fill(
                    tf.shape(rows), tf.constant(_FIRST_STEP, images.dtype)
                ),
                risen=nothing,
                mark=least,
                halved=no,
                originals=centres,
                labels=tf.gather(labels, rows),
                aim=tf.gather(aim, rows),
                used=nothing,
                met=no,
                done=no,
            )

        @apart
        def asked(
            images: tf.Tensor, now: _State
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                logits = classifier.logits(images)
                height = tf.cast(height_of(logits, now), images.dtype)
            return logits, height, tape.gradient(height, images)

        def climbed(now: _State) -> _State:
            logits, height, gradient = asked(now.images, now)
            if levels is not None:  # what they are rounded to counts
                rounded = shown(now.images, now.originals)
                logits = classifier.logits(rounded)
            met = met_by(logits, now) & ~now.done
            leaves = met if stop_early else tf.zeros_like(met)
            better = ~now.done & (leaves | (height > now.height))
            now = now._replace(
                best=tf.where(each(better, gradient), now.images, now.best),
                uphill=tf.where(each(better, gradient), gradient, now.uphill),
                height=tf.where(better, height, now.height),
                risen=now.risen + tf.cast(height > now.last_height, tf.int32),
                used=now.used + tf.cast(~now.done, tf.int32),
                met=now.met | met,
                done=now.done | leaves | (now.i >= steps),
            )
            return stepped(checked(now, gradient, height))

        def checked(
            now: _State, gradient: tf.Tensor, height: tf.Tensor
        ) -> tuple[_State, tf.Tensor]:
            """Goes back to the best where the step was too long."""
            span = tf.gather(spans, now.i)
            # There is no step that leads to the first image.
            risen = tf.where(now.i == 0, 0, now.risen)
            few = tf.cast(risen, height.dtype) < rho * tf.cast(
                span, height.dtype
            )
            same = ~now.halved & (now.height <= now.mark)
            check = span > 0
            halve = check & (few | same)
            back = each(halve, gradient)
            now = now._replace(
                images=tf.where(back, now.best, now.images),
                last_height=tf.where(halve, now.height, height),
                size=tf.where(halve, now.size / 2, now.size),
                risen=tf.where(check, 0, risen),
                mark=tf.where(check | (now.i == 0), now.height, now.mark),
                halved=tf.where(check, halve, now.halved),
            )
            return now, tf.where(back, now.uphill, gradient)

        def stepped(here: tuple[_State, tf.Tensor]) -> _State:
            now, gradient = here
            step = norms.steepest_step(gradient, norm, epsilon, None)
            step = each(now.size, step) * step
            tried = inside(now.images + step, now.originals)
            new = tf.where(now.i == 0, 1.0, _NEW)
            new = each(tf.cast(new, step.dtype), step)
            images = (
                now.images
                + new * (tried - now.images)
                + (1 - new) * (now.images - now.last)
            )
            return now._replace(
                i=tf.minimum(now.i + 1, steps),
                images=inside(images, now.originals),
                last=now.images,
            )

        def answer(now: _State) -> tuple[tf.Tensor, ...]:
            best = shown(now.best, now.originals)
            return best, now.height, now.used, now.met

        return standing.work(
            enter, climbed, answer, tf.shape(originals)[0], places
        )

    return climb
