"""Climb: the compiled loop of projected gradient ascent."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple
from typing import Protocol

import tensorflow as tf

from advkeras.attacks import balls
from advkeras.attacks import norms
from advkeras.attacks import standing
from advkeras.attacks.apart import apart
from advkeras.attacks.balls import each
from advkeras.classifier import Classifier

# (images, goals) -> what to climb, one number an image; and whether the goal
# is reached there, bool.
Objective = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class Rules(Protocol):
    """What of an attack a climb depends on; see `Ascent`."""

    @property
    def norm(self) -> str:
        """Norm of the ball."""

    @property
    def steps(self) -> int:
        """Number of steps."""

    @property
    def momentum(self) -> float:
        """What of a direction is left after a step."""

    @property
    def patience(self) -> int | None:
        """Steps without a new best after which a step is halved."""

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        """Returns a step of size 1."""


class State(NamedTuple):
    """Where a climb is: for each image the rest, for each or all the step."""

    i: tf.Tensor
    images: tf.Tensor
    best: tf.Tensor
    height: tf.Tensor  # of the best
    size: tf.Tensor  # of the next step
    idle: tf.Tensor  # steps since the best
    heading: tf.Tensor  # gradients so far; (n,), of no use, without momentum


class Standing(NamedTuple):
    """A climb of images that leave it when they reach their goal."""

    climb: State
    originals: tf.Tensor
    goals: tf.Tensor
    used: tf.Tensor  # gradients so far
    met: tf.Tensor
    done: tf.Tensor


def build(
    classifier: Classifier,
    rules: Rules,
    objective: Objective,
    of_epsilon: tuple[int, ...],
    of_step: tuple[int, ...],
    stop_early: bool,
) -> Callable[..., Any]:
    """Compiles a climb.

    Args:
        classifier: The model to fool.
        rules: The attack.
        objective: What it climbs.
        of_epsilon: Shape of the radius, () or (channels,).
        of_step: Shape of the first step, likewise.
        stop_early: Whether images leave when they reach their goal.

    Returns:
        A function of (originals, begin, goals, epsilon, first_step), and where
        images stop early of `places`, how many are worked on together. It
        returns the images found, and how high they are; where they stop early
        also gradients used, and whether the goal was met.
    """
    images_spec = classifier.images_spec()
    signature = [
        images_spec,
        images_spec,
        tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec(of_epsilon, classifier.dtype),
        tf.TensorSpec(of_step, classifier.dtype),
    ]
    levels = classifier.levels
    if rules.norm == "linf":  # whose budget is whole levels: the nearest are in
        levels = None

    def shown(images: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
        return images if levels is None else levels.toward(images, originals)

    def height_of(
        images: tf.Tensor, goals: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        height, met = objective(images, goals)
        # A model may compute in float64 what it is given in float32.
        return tf.cast(height, images.dtype), met

    @apart
    def uphill(
        images: tf.Tensor, goals: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            height, met = height_of(images, goals)
        return height, met, tape.gradient(height, images)

    def moved(
        now: State,
        gradient: tf.Tensor,
        originals: tf.Tensor,
        epsilon: tf.Tensor,
        first_step: tf.Tensor,
    ) -> State:
        if of_step:  # in units of each channel's step: a step is of size 1
            gradient = first_step * gradient
        heading = now.heading
        if rules.momentum:
            gradient = heading = rules.momentum * heading + _of_norm_1(gradient)
        step = rules.direction(gradient)
        if of_step:
            step = first_step * step
        images = now.images + each(now.size, originals) * step
        size, idle = now.size, now.idle
        if rules.patience is not None:
            tired = idle >= rules.patience
            images = tf.where(each(tired, originals), now.best, images)
            size = tf.where(tired, size / 2, size)
            idle = tf.where(tired, 0, idle)
        images = balls.inside(
            images, originals, rules.norm, epsilon, classifier.bounds
        )
        return now._replace(
            i=now.i + 1, images=images, size=size, idle=idle, heading=heading
        )

    def first(
        begin: tf.Tensor, goals: tf.Tensor, i: tf.Tensor, first_step: tf.Tensor
    ) -> State:
        size = tf.ones((), first_step.dtype) if of_step else first_step
        like = begin if rules.momentum else tf.cast(goals, begin.dtype)
        return State(
            i=i,
            images=begin,
            best=begin,
            height=tf.fill(tf.shape(goals), begin.dtype.min),
            size=tf.fill(tf.shape(goals), size),
            idle=tf.zeros_like(goals, tf.int32),
            heading=tf.zeros_like(like),
        )

    def climb(
        originals: tf.Tensor,
        begin: tf.Tensor,
        goals: tf.Tensor,
        epsilon: tf.Tensor,
        first_step: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def climbed(now: State) -> tuple[State]:
            height, _, gradient = uphill(now.images, goals)
            now = remembered(now, height, height > now.height)
            return (moved(now, gradient, originals, epsilon, first_step),)

        begin = balls.inside(
            begin, originals, rules.norm, epsilon, classifier.bounds
        )
        (now,) = tf.while_loop(
            lambda now: now.i < rules.steps,
            climbed,
            (first(begin, goals, tf.constant(0), first_step),),
        )
        height, _ = height_of(now.images, goals)
        now = remembered(now, height, height > now.height)
        return shown(now.best, originals), now.height

    def climb_while_standing(
        originals: tf.Tensor,
        begin: tf.Tensor,
        goals: tf.Tensor,
        epsilon: tf.Tensor,
        first_step: tf.Tensor,
        places: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        def enter(rows: tf.Tensor) -> Standing:
            centres, goal = tf.gather(originals, rows), tf.gather(goals, rows)
            start = balls.inside(
                tf.gather(begin, rows),
                centres,
                rules.norm,
                epsilon,
                classifier.bounds,
            )
            nothing = tf.zeros_like(rows)
            no = tf.zeros_like(rows, tf.bool)
            return Standing(
                first(start, goal, nothing, first_step),
                centres,
                goal,
                nothing,
                no,
                no,
            )

        def climbed(now: Standing) -> Standing:
            here = now.climb
            height, met, gradient = uphill(here.images, now.goals)
            if levels is not None:  # it is what they are rounded to that counts
                _, met = height_of(shown(here.images, now.originals), now.goals)
            met &= ~now.done
            better = ~now.done & (met | (height > here.height))
            here = remembered(here, height, better)
            return now._replace(
                climb=moved(here, gradient, now.originals, epsilon, first_step),
                used=now.used + tf.cast(~now.done, now.used.dtype),
                met=now.met | met,
                done=now.done | met | (here.i >= rules.steps),
            )

        def answer(now: Standing) -> tuple[tf.Tensor, ...]:
            best = shown(now.climb.best, now.originals)
            return best, now.climb.height, now.used, now.met

        return standing.work(
            enter, climbed, answer, tf.shape(originals)[0], places
        )

    if stop_early:
        return tf.function(
            climb_while_standing,
            input_signature=[*signature, tf.TensorSpec((), tf.int32)],
            autograph=False,
        )
    return tf.function(climb, input_signature=signature, autograph=False)


def remembered(now: State, height: tf.Tensor, better: tf.Tensor) -> State:
    """Keeps the images as the best so far where they are better."""
    return now._replace(
        best=tf.where(each(better, now.images), now.images, now.best),
        height=tf.where(better, height, now.height),
        idle=tf.where(better, 0, now.idle + 1),
    )


def _of_norm_1(gradient: tf.Tensor) -> tf.Tensor:
    """Returns gradients over their l1 norm; 0 where that says nothing."""
    axes = list(range(1, gradient.shape.rank))
    gradient = norms.finite(gradient)
    # Scaled first: the sum of small gradients may be 0 in float32.
    largest = tf.reduce_max(tf.abs(gradient), axes, keepdims=True)
    gradient = tf.math.divide_no_nan(gradient, largest)
    size = tf.reduce_sum(tf.abs(gradient), axes, keepdims=True)
    return tf.math.divide_no_nan(gradient, size)
