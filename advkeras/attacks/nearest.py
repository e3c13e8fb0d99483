"""Nearest: what attacks share that look for the smallest change."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks.apart import apart
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import fooled
from advkeras.classifier import Classifier
from advkeras.classifier import answers

# A lead that is smaller than this part of the two logits may be rounding, and
# be lost when the example is judged among other images.
_LEAD = 1e-6


class Best(NamedTuple):
    """The nearest example of each image so far, or else the best attempt."""

    images: tf.Tensor
    size: tf.Tensor  # of the change, (n,); infinite where there is no example
    lead: tf.Tensor  # (n,)

    @property
    def found(self) -> tf.Tensor:
        """Whether it is an example, bool, (n,)."""
        return tf.math.is_finite(self.size)


class Said(NamedTuple):
    """What the model says of images.

    Attributes:
        logits: (n, classes), in the dtype of the images.
        lead: By how much the goal is met: how far the target is above all
            others, or another class above the label, (n,).
        met: Whether it is, and not by rounding alone, bool, (n,).
    """

    logits: tf.Tensor
    lead: tf.Tensor
    met: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Nearest(Attack):
    """Base of attacks that look for the example at the smallest distance.

    A subclass writes `search` for one `Batch`. Images that meet the goal as
    they are never get there: they are their own examples, at distance 0.
    """

    @abc.abstractmethod
    def search(self, batch: "Batch") -> tuple[Best, tf.Tensor]:
        """Looks for examples, as part of a graph.

        Args:
            batch: Images, none of which meets the goal.

        Returns:
            What was found, and gradients used, int64, (n,).
        """

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
        del seed  # nothing is drawn
        predictions = classifier.predict(images, batch_size)
        if targets is None:
            goals, there = labels, fooled(predictions, labels)
        else:
            goals, there = targets, predictions == targets
        search = classifier.compiled(
            (self, targets is not None),
            lambda c: _build_search(c, self, targets is not None),
        )
        found = images.copy()
        evaluations = np.zeros(len(images), np.int64)
        ways = np.flatnonzero(~there)
        for start in range(0, len(ways), batch_size):
            rows = ways[start : start + batch_size]
            found[rows], evaluations[rows] = search(images[rows], goals[rows])
        return Generated(
            found, predictions, {"gradient_evaluations": evaluations}
        )


def _build_search(
    classifier: Classifier, attack: Nearest, targeted: bool
) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ],
        autograph=False,
    )
    def search(
        originals: tf.Tensor, goals: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        batch = Batch(classifier, originals, goals, targeted)
        best, evaluations = attack.search(batch)
        return best.images, evaluations

    return search


class Batch:
    """Images to be changed, in a graph, and where they are to go.

    Changes are in units of the pixel range, of each channel its own: the same
    images within other bounds are changed alike.

    Args:
        classifier: The model to fool.
        originals: (n, height, width, channels).
        goals: Labels to leave, or targets to reach, int64, (n,).
        targeted: Which of the two.
    """

    def __init__(
        self,
        classifier: Classifier,
        originals: tf.Tensor,
        goals: tf.Tensor,
        targeted: bool,
    ):
        self.originals = originals
        self.goals = goals
        self.targeted = targeted
        self._classifier = classifier
        self._lower, self._upper = channels.lower_upper(classifier.bounds)
        self.range = self._upper - self._lower
        self.classes = classifier.num_classes
        self.axes = list(range(1, originals.shape.rank))

    def of(self, rows: tf.Tensor) -> "Batch":
        """Returns the batch of some images."""
        return Batch(
            self._classifier,
            tf.gather(self.originals, rows),
            tf.gather(self.goals, rows),
            self.targeted,
        )

    def each(self, numbers: tf.Tensor) -> tf.Tensor:
        """Gives numbers, (n,), the rank of images."""
        return tf.reshape(numbers, (-1, *(1 for _ in self.axes)))

    def full(self, value: float) -> tf.Tensor:
        """Returns a number for each image, (n,)."""
        return tf.fill(
            tf.shape(self.goals), tf.constant(value, self.originals.dtype)
        )

    def count(self, number: int) -> tf.Tensor:
        """Returns a whole number for each image, int64, (n,)."""
        return tf.fill(tf.shape(self.goals), tf.constant(number, tf.int64))

    def room(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the least and the largest change of each pixel."""
        return (
            (self._lower - self.originals) / self.range,
            (self._upper - self.originals) / self.range,
        )

    def images(self, change: tf.Tensor) -> tf.Tensor:
        """Returns what the model is shown: within the box, on its levels."""
        moved = tf.clip_by_value(
            self.originals + self.range * change, self._lower, self._upper
        )
        if self._classifier.levels is not None:
            moved = self._classifier.levels.nearest(moved)
        return moved

    def changes(self, images: tf.Tensor) -> tf.Tensor:
        """Returns by what images differ from the originals."""
        return (images - self.originals) / self.range

    def size(self, change: tf.Tensor, norm: str) -> tf.Tensor:
        """Returns the norm of each change, (n,): "linf", "l2", "l1", "l0"."""
        if norm == "l0":
            kept = tf.cast(change != 0, change.dtype)
            return tf.reduce_sum(kept, self.axes)
        order: Any = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
        return tf.norm(tf.reshape(change, (len_of(change), -1)), order, axis=1)

    def ask(self, images: tf.Tensor) -> Said:
        """Returns what the model says of images."""
        logits = self._classifier.logits(images)
        said = answers(logits)
        met = said == self.goals if self.targeted else said != self.goals
        met &= said != checks.NO_ANSWER
        logits = tf.cast(logits, self.originals.dtype)
        lead = self.lead(logits)
        own = tf.gather(logits, self.goals, batch_dims=1)
        other = own - lead if self.targeted else own + lead
        rounding = _LEAD * tf.maximum(tf.abs(own), tf.abs(other))
        return Said(logits, lead, met & (lead > rounding))

    def lead(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns by how much the goal is met, (n,); see `Said`."""
        margin = objectives.margin_against(logits, self.goals)
        return -margin if self.targeted else margin

    def leads(self, logits: tf.Tensor, most: int) -> list[tf.Tensor]:
        """Returns the leads over the label of the classes of largest logits.

        Args:
            logits: (n, classes).
            most: Of how many classes, where there are as many.
        """
        own = tf.gather(logits, self.goals, batch_dims=1)
        label = tf.one_hot(self.goals, self.classes, True, False, dtype=bool)
        others = tf.where(label, logits.dtype.min, logits)
        largest = tf.math.top_k(others, min(most, self.classes - 1)).values
        return [lead - own for lead in tf.unstack(largest, axis=1)]

    def odds(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns what climbs as the loss does, but never flattens, (n,)."""
        odds = objectives.log_odds_against(logits, self.goals)
        return -odds if self.targeted else odds

    def uphill(
        self, images: tf.Tensor, height: Callable[[tf.Tensor], tf.Tensor]
    ) -> tuple[Said, tf.Tensor]:
        """Returns what the model says, and where it would say more.

        Args:
            images: As `images` makes them.
            height: Logits to what is to grow, (n,).

        Returns:
            The answer, and the gradient by the change, 0 where it is none.
        """

        @apart
        def asked(images: tf.Tensor) -> tuple[Said, tf.Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                said = self.ask(images)
                top = height(said.logits)
            return said, self.by_change(tape.gradient(top, images))

        return asked(images)

    def by_change(self, gradient: tf.Tensor) -> tf.Tensor:
        """Turns a gradient by images into one by changes."""
        gradient *= self.range
        return norms.finite(gradient)

    def nothing(self) -> Best:
        """Returns that nothing was found yet."""
        least = self.originals.dtype.min
        return Best(self.originals, self.full(np.inf), self.full(least))

    def nearer(
        self, best: Best, images: tf.Tensor, said: Said, norm: str
    ) -> tuple[Best, tf.Tensor]:
        """Keeps what is nearer, or while nothing was found has more lead.

        Args:
            best: What was found so far.
            images: As `images` makes them.
            said: What the model says of them.
            norm: Of the distance.

        Returns:
            What was found, and the distance of the images, (n,).
        """
        size = self.size(self.changes(images), norm)
        other = ~best.found & (said.met | (said.lead > best.lead))
        better = other | (said.met & (size < best.size))
        return Best(
            tf.where(self.each(better), images, best.images),
            tf.where(better & said.met, size, best.size),
            tf.where(better, said.lead, best.lead),
        ), size


def gathered(best: Best, rows: tf.Tensor) -> Best:
    """Returns what was found for some images."""
    return Best(*(tf.gather(of_all, rows) for of_all in best))


def put(rows: tf.Tensor) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns what writes numbers of some images among those of all."""
    return lambda of_all, of_some: tf.tensor_scatter_nd_update(
        of_all, rows[:, None], of_some
    )


def check_part(name: str, value: Any) -> None:
    """Raises ValueError unless `value` is a number above 0 and below 1."""
    checks.check_share(name, value)
    if value in (0, 1):
        raise ValueError(
            f"`{name}` must be above 0 and below 1. Received: {name}={value!r}"
        )


def len_of(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the number of rows."""
    return tf.shape(tensor)[0]


def cosine(first: float, last: float, i: tf.Tensor, steps: int) -> tf.Tensor:
    """Returns a number that goes from first to last, slowly at the ends.

    Args:
        first: At i = 0.
        last: What it would be at i = steps.
        i: The step, int32, a scalar.
        steps: How many there are.
    """
    done = tf.cast(i, tf.float32) / steps
    return last + (first - last) * (1 + tf.cos(np.pi * done)) / 2
