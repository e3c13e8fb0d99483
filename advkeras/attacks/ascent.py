"""Projected gradient ascent: the loop that iterative attacks share."""

import dataclasses
from collections.abc import Callable
from typing import Any
from typing import ClassVar
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import noise
from advkeras.attacks import norms
from advkeras.attacks import seeds
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import keep_amount
from advkeras.classifier import Classifier

NORMS = ("linf", "l2")
# Of its share of the way, a step goes this much: so that every point of the
# ball is in reach. (Madry et al. 2018 in their released code.)
_REACH = 2.5

# (images, goals) -> what to climb, one number an image.
Objective = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Ascent(Attack):
    """Base of attacks that climb an objective within a ball of epsilon.

    A subclass writes `objective`; see `PGD` for the fields.
    """

    # After so many steps without a new best an image goes back to its best,
    # and on in steps of half the size; None: never.
    patience: ClassVar[int | None] = None

    epsilon: channels.Amount
    norm: str = "linf"
    steps: int = 20
    step_size: channels.Amount | None = None
    random_start: bool = False

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, NORMS)
        checks.check_count("steps", self.steps)
        if self.step_size is not None:
            keep_amount(self, "step_size")

    def objective(self, classifier: Classifier, targeted: bool) -> Objective:
        """Returns what is climbed, as a function of images and goals.

        Args:
            classifier: The model to fool.
            targeted: Whether the goals are targets to reach; else labels to
                leave.
        """
        raise NotImplementedError

    def key(self) -> Any:
        """Returns what the compiled loop depends on, but for numbers."""
        return (type(self), self.norm, self.steps)

    def first_step(self) -> channels.Amount:
        """Returns the size of the first step, in the units of the images."""
        return self.step_size or channels.apply(
            lambda epsilon: _REACH * epsilon / self.steps, self.epsilon
        )

    def direction(self, gradient: tf.Tensor) -> tf.Tensor:
        """Returns a step of size 1 for each image, as the gradient."""
        return norms.steepest_step(gradient, self.norm, 1.0, None)

    def sizes(self, classifier: Classifier) -> tuple[Any, ...]:
        """Returns the radius and the first step; see `Attack.sizes`."""
        return () if self.leaves_graph() else self._sizes(classifier)

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """Climbs away from the labels; see `Attack.on_tensors`."""
        if self.leaves_graph():
            return super().on_tensors(classifier, images, labels, seed)
        epsilon, first_step = sizes or self._sizes(classifier)
        begin = images
        if self.random_start:
            begin += _point_on_tensors(images, self.norm, epsilon, seed)
        climb = self._climb(classifier, False, epsilon, first_step)
        return climb(images, begin, labels, epsilon, first_step)

    def leaves_graph(self) -> bool:
        """Returns whether the targets have to be chosen in Python."""
        return getattr(self, "targets", None) is not None

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Climbs, batch by batch; see `Attack.generate`."""
        targeted = targets is not None
        goals = labels if targets is None else targets
        epsilon, first_step = self._sizes(classifier)
        climb = self._climb(classifier, targeted, epsilon, first_step)
        found = np.empty_like(images)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            begin = images[rows]
            if self.random_start:
                begin = begin + _point(begin, self.norm, epsilon, seed)
            found[rows] = climb(
                images[rows],
                begin.astype(np.float32),
                goals[rows],
                epsilon,
                first_step,
            )
        return Generated(
            found,
            classifier.predict(images, batch_size),
            {"gradient_evaluations": np.full(len(images), self.steps)},
        )

    def _climb(
        self, classifier: Classifier, targeted: bool, *sizes: Any
    ) -> Any:
        shapes = tuple(tuple(getattr(size, "shape", ())) for size in sizes)
        return classifier.compiled(
            (self.key(), targeted, *shapes),
            lambda c: _build_climb(
                c, self, self.objective(c, targeted), *shapes
            ),
        )

    def _sizes(self, classifier: Classifier) -> tuple[Any, Any]:
        """Returns the radius and the first step, one number or (channels,)."""
        epsilon = self.epsilon
        if classifier.levels is not None and self.norm == "linf":
            epsilon = classifier.levels.whole(epsilon)
        return channels.array(epsilon), channels.array(self.first_step())


def _build_climb(
    classifier: Classifier,
    attack: Ascent,
    objective: Objective,
    of_epsilon: tuple[int, ...],
    of_step: tuple[int, ...],
) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)
    images_spec = classifier.images_spec()

    @tf.function(
        input_signature=[
            images_spec,
            images_spec,
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec(of_epsilon, classifier.dtype),
            tf.TensorSpec(of_step, classifier.dtype),
        ],
        autograph=False,
    )
    def climb(
        originals: tf.Tensor,
        begin: tf.Tensor,
        goals: tf.Tensor,
        epsilon: tf.Tensor,
        first_step: tf.Tensor,
    ) -> tf.Tensor:
        axes = list(range(1, originals.shape.rank))

        def each(numbers: tf.Tensor) -> tf.Tensor:
            """Gives numbers of images the rank of images."""
            return tf.reshape(numbers, (-1, *(1 for _ in axes)))

        def height_of(images: tf.Tensor, goals: tf.Tensor) -> tf.Tensor:
            # A model may compute in float64 what it is given in float32.
            return tf.cast(objective(images, goals), images.dtype)

        def inside(images: tf.Tensor) -> tf.Tensor:
            moved = images - originals
            if attack.norm == "linf":
                moved = tf.clip_by_value(moved, -epsilon, epsilon)
            elif of_epsilon:  # in units of each channel's epsilon
                moved = epsilon * tf.clip_by_norm(moved / epsilon, 1.0, axes)
            else:
                moved = tf.clip_by_norm(moved, epsilon, axes)
            return tf.clip_by_value(originals + moved, lower, upper)

        def direction(gradient: tf.Tensor) -> tf.Tensor:
            if not of_step:
                return attack.direction(gradient)
            # In units of each channel's step, where a step is of size 1.
            return first_step * attack.direction(first_step * gradient)

        def climbed(now: _State) -> tuple[_State]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(now.images)
                height = height_of(now.images, goals)
            uphill = direction(tape.gradient(height, now.images))
            now = _remembered(now, height, each)
            images = now.images + each(now.size) * uphill
            if attack.patience is not None:
                tired = now.idle >= attack.patience
                images = tf.where(each(tired), now.best, images)
                now = now._replace(
                    size=tf.where(tired, now.size / 2, now.size),
                    idle=tf.where(tired, 0, now.idle),
                )
            return (now._replace(i=now.i + 1, images=inside(images)),)

        begin = inside(begin)
        size = tf.ones((), first_step.dtype) if of_step else first_step
        (now,) = tf.while_loop(
            lambda now: now.i < attack.steps,
            climbed,
            (
                _State(
                    i=0,
                    images=begin,
                    best=begin,
                    height=tf.fill(tf.shape(goals), originals.dtype.min),
                    size=tf.fill(tf.shape(goals), size),
                    idle=tf.zeros_like(goals, tf.int32),
                ),
            ),
        )
        best = _remembered(now, height_of(now.images, goals), each).best
        if classifier.levels is not None and attack.norm != "linf":
            best = classifier.levels.toward(best, originals)
        return best

    return climb


class _State(NamedTuple):
    """Where a climb is: the step, and for each image the rest."""

    i: tf.Tensor
    images: tf.Tensor
    best: tf.Tensor
    height: tf.Tensor  # of the best
    size: tf.Tensor  # of the next step
    idle: tf.Tensor  # steps since the best


def _remembered(
    now: _State, height: tf.Tensor, each: Callable[[tf.Tensor], tf.Tensor]
) -> _State:
    """Keeps the images where they are higher than the best so far."""
    higher = height > now.height
    return now._replace(
        best=tf.where(each(higher), now.images, now.best),
        height=tf.where(higher, height, now.height),
        idle=tf.where(higher, 0, now.idle + 1),
    )


def _point(
    images: np.ndarray, norm: str, epsilon: Any, seed: int
) -> np.ndarray:
    """Returns points of the ball, uniformly, each by its image and the seed."""
    if norm == "linf":
        return noise.uniform(images, epsilon, seed)
    points = np.empty_like(images)
    for i, image in enumerate(images):
        random = seeds.generator(image, seed)
        direction = random.standard_normal(image.shape)
        radius = epsilon * random.uniform() ** (1 / image.size)
        points[i] = direction * (radius / np.linalg.norm(direction))
    return points


def _point_on_tensors(
    images: tf.Tensor, norm: str, epsilon: Any, seed: tf.Tensor
) -> tf.Tensor:
    """Returns points of the ball, uniformly, one for each place in a batch."""
    if norm == "linf":
        return noise.uniform_on_tensors(images, epsilon, seed)
    shape = tf.shape(images)
    axes = list(range(1, images.shape.rank))
    direction = tf.random.stateless_normal(shape, seed, dtype=images.dtype)
    length = tf.sqrt(tf.reduce_sum(direction**2, axes, keepdims=True))
    size = tf.cast(tf.reduce_prod(shape[1:]), images.dtype)
    share = tf.random.stateless_uniform(
        tf.shape(length), seed + 1, dtype=images.dtype
    )
    return direction * (epsilon * share ** (1 / size) / length)
