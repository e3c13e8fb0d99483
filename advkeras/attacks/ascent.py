"""Projected gradient ascent: the loop that iterative attacks share."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import norms
from advkeras.attacks import seeds
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
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

    epsilon: float
    norm: str = "linf"
    steps: int = 20
    step_size: float | None = None
    random_start: bool = False

    def __post_init__(self) -> None:
        checks.check_positive("epsilon", self.epsilon)
        checks.check_choice("norm", self.norm, NORMS)
        checks.check_count("steps", self.steps)
        if self.step_size is not None:
            checks.check_positive("step_size", self.step_size)

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

    def step(self, classifier: Classifier) -> float:
        """Returns the size of a step, in the units of the images."""
        del classifier
        return self.step_size or _REACH * self.epsilon / self.steps

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
        climb = classifier.compiled(
            (self.key(), targeted),
            lambda c: _build_climb(
                c, self.objective(c, targeted), self.norm, self.steps
            ),
        )
        epsilon = self.epsilon
        if classifier.levels is not None and self.norm == "linf":
            epsilon = classifier.levels.whole(epsilon)
        found = np.empty_like(images)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            begin = images[rows]
            if self.random_start:
                begin = begin + _noise(begin, self.norm, epsilon, seed)
            found[rows] = climb(
                images[rows],
                begin.astype(np.float32),
                goals[rows],
                epsilon,
                self.step(classifier),
            )
        return Generated(
            found,
            classifier.predict(images, batch_size),
            {"gradient_evaluations": np.full(len(images), self.steps)},
        )


def _build_climb(
    classifier: Classifier, objective: Objective, norm: str, steps: int
) -> Callable[..., Any]:
    lower, upper = classifier.bounds
    images_spec = classifier.images_spec()
    number = tf.TensorSpec((), tf.float32)

    @tf.function(
        input_signature=[
            images_spec,
            images_spec,
            tf.TensorSpec((None,), tf.int64),
            number,
            number,
        ],
        autograph=False,
    )
    def climb(
        originals: tf.Tensor,
        begin: tf.Tensor,
        goals: tf.Tensor,
        epsilon: tf.Tensor,
        step_size: tf.Tensor,
    ) -> tf.Tensor:
        axes = list(range(1, originals.shape.rank))

        def inside(images: tf.Tensor) -> tf.Tensor:
            moved = images - originals
            if norm == "linf":
                moved = tf.clip_by_value(moved, -epsilon, epsilon)
            else:
                moved = tf.clip_by_norm(moved, epsilon, axes)
            return tf.clip_by_value(originals + moved, lower, upper)

        def better(
            best: tf.Tensor,
            height: tf.Tensor,
            images: tf.Tensor,
            now: tf.Tensor,
        ) -> tuple[tf.Tensor, tf.Tensor]:
            higher = now > height
            shape = tf.concat([tf.shape(now), [1] * len(axes)], axis=0)
            best = tf.where(tf.reshape(higher, shape), images, best)
            return best, tf.where(higher, now, height)

        def step(
            i: tf.Tensor, images: tf.Tensor, best: tf.Tensor, height: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                now = objective(images, goals)
            best, height = better(best, height, images, now)
            uphill = tape.gradient(now, images)
            moved = norms.steepest_step(uphill, norm, step_size, None)
            return i + 1, inside(images + moved), best, height

        begin = inside(begin)
        lowest = tf.fill(tf.shape(goals), originals.dtype.min)
        _, images, best, height = tf.while_loop(
            lambda i, *_: i < steps, step, (0, begin, begin, lowest)
        )
        best, _ = better(best, height, images, objective(images, goals))
        if classifier.levels is not None and norm != "linf":
            best = classifier.levels.toward(best, originals)
        return best

    return climb


def _noise(
    images: np.ndarray, norm: str, epsilon: float, seed: int
) -> np.ndarray:
    """Returns points of the ball, uniformly, each by its image and the seed."""
    noise = np.empty_like(images)
    for i, image in enumerate(images):
        random = seeds.generator(image, seed)
        if norm == "linf":
            noise[i] = random.uniform(-epsilon, epsilon, image.shape)
        else:
            direction = random.standard_normal(image.shape)
            radius = epsilon * random.uniform() ** (1 / image.size)
            noise[i] = direction * (radius / np.linalg.norm(direction))
    return noise
