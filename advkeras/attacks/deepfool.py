"""DeepFool, and SuperDeepFool.

Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to
fool deep neural networks", CVPR 2016, algorithm 2. Abdollahpoorrostam,
Abroshan and Moosavi-Dezfooli, "SuperDeepFool: a new fast and accurate minimal
adversarial attack", 2023: SDF(infinity, 1).
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import nearest
from advkeras.attacks import norms
from advkeras.attacks.apart import apart
from advkeras.attacks.attack import check_target_rule

NORMS = ("l2", "linf")
# Of a step, added to the lead that it makes good: so it is none of length 0.
_LEAST = 1e-4
# An image that goes on is done when what it comes to is not so much nearer.
_SETTLED = 1e-3
_HALVINGS = 10  # of the way back from an example to the image


@dataclasses.dataclass(frozen=True)
class DeepFool(nearest.Nearest):
    """Goes straight to the nearest boundary, as if all of them were flat.

    Each step goes to the nearest of the boundaries to the candidates, as their
    gradients have them, and a little beyond; an image that crossed one is done.
    Pixels that a bound holds against the step take no part in it. Last, where
    the boundary is on the way back to the image is found by halves.

    Distances are measured with the pixel range as 1, of each channel its own:
    answers do not depend on the bounds.

    Args:
        norm: What is to be small: "l2" or "linf".
        steps: The most steps, a gradient for each candidate and step.
        candidates: How many classes, those of largest logits but the label,
            are looked at; aimed at a target it is the target alone.
        overshoot: By which share a step is longer.
        project: Whether an image that crossed goes on as in SuperDeepFool: to
            where its change is along the gradient at the boundary, then on as
            before, until that place is an example. For "l2".
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.DeepFool()(classifier, images, labels)
        >>> result.l2.mean(), result.gradient_evaluations.mean()
    """

    norm: str = "l2"
    steps: int = 50
    candidates: int = 10
    overshoot: float = 0.02
    project: bool = False
    targets: str | None = None

    def __post_init__(self) -> None:
        checks.check_choice("norm", self.norm, NORMS)
        checks.check_count("steps", self.steps)
        checks.check_count("candidates", self.candidates)
        checks.check_not_negative("overshoot", self.overshoot)
        checks.check_choice("project", self.project, (False, True))
        if self.project and self.norm != "l2":
            raise ValueError(
                "`norm` must be 'l2' to project. "
                f"Received: project={self.project}, norm={self.norm!r}"
            )
        check_target_rule(self.targets)

    def search(self, batch: nearest.Batch) -> tuple[nearest.Best, tf.Tensor]:
        """Steps those that have not arrived; see `Nearest.search`."""

        def stepped(now: _State) -> tuple[_State]:
            rows = tf.where(~now.done)[:, 0]
            some = batch.of(rows)
            change = tf.gather(now.change, rows)
            images = some.images(change)
            said, leads, slopes = self._boundaries(some, images)
            before = nearest.gathered(now.best, rows)
            best, size = some.nearer(before, images, said, self.norm)
            done, onward = said.met, self._step(some, change, leads, slopes)
            # Rounded away on levels, it is to be as far again, and so on.
            onward += tf.where(some.each(size == 0), change, 0)
            if self.project:
                done &= size > (1 - _SETTLED) * before.size
                onward = tf.where(
                    some.each(said.met),
                    _along(some, change, slopes[0]),
                    onward,
                )
            put = nearest.put(rows)
            return (
                _State(
                    now.i + 1,
                    put(now.change, tf.clip_by_value(onward, *some.room())),
                    tf.nest.map_structure(put, now.best, best),
                    put(now.done, done),
                    put(
                        now.evaluations,
                        tf.gather(now.evaluations, rows) + len(slopes),
                    ),
                ),
            )

        (now,) = tf.while_loop(
            lambda now: (now.i < self.steps) & tf.reduce_any(~now.done),
            stepped,
            (
                _State(
                    tf.constant(0),
                    tf.zeros_like(batch.originals),
                    batch.nothing(),
                    tf.zeros_like(batch.goals, tf.bool),
                    tf.zeros_like(batch.goals),
                ),
            ),
        )
        images = batch.images(now.change)
        said = batch.ask(images)
        best, _ = batch.nearer(now.best, images, said, self.norm)
        return self._back(batch, best), now.evaluations

    def _back(self, batch: nearest.Batch, best: nearest.Best) -> nearest.Best:
        """Returns what is nearest on the way from examples to the images."""

        def halved(now: _Way) -> tuple[_Way]:
            share = (now.outside + now.inside) / 2
            images = batch.images(batch.each(share) * change)
            said = batch.ask(images)
            return (
                _Way(
                    now.i + 1,
                    tf.where(said.met, now.outside, share),
                    tf.where(said.met, share, now.inside),
                    batch.nearer(now.best, images, said, self.norm)[0],
                ),
            )

        change = batch.changes(best.images)
        (now,) = tf.while_loop(
            lambda now: now.i < _HALVINGS,
            halved,
            (_Way(tf.constant(0), batch.full(0.0), batch.full(1.0), best),),
        )
        return now.best

    def _boundaries(
        self, batch: nearest.Batch, images: tf.Tensor
    ) -> tuple[nearest.Said, list[tf.Tensor], list[tf.Tensor]]:
        """Returns what the model says, and of each candidate the first two.

        Its lead over the label, (n,), and the gradient of that; of a target,
        its lead over all others.
        """

        @apart
        def asked(
            images: tf.Tensor,
        ) -> tuple[nearest.Said, list[tf.Tensor], list[tf.Tensor]]:
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as tape:
                tape.watch(images)
                said = batch.ask(images)
                if batch.targeted:
                    leads = [said.lead]
                else:
                    leads = batch.leads(said.logits, self.candidates)
            slopes = [
                batch.by_change(tape.gradient(lead, images)) for lead in leads
            ]
            return said, leads, slopes

        return asked(images)

    def _step(
        self,
        batch: nearest.Batch,
        change: tf.Tensor,
        leads: list[tf.Tensor],
        slopes: list[tf.Tensor],
    ) -> tf.Tensor:
        """Returns the changes after a step to the nearest boundary."""
        distance = batch.full(batch.originals.dtype.max)
        step = tf.zeros_like(change)
        dual = {"l2": "l2", "linf": "l1"}[self.norm]
        for lead, slope in zip(leads, slopes, strict=True):
            slope = _free(batch, change, slope)
            steep = batch.size(slope, dual)
            missing = _LEAST - lead
            far = tf.where(steep > 0, missing / steep, np.inf)
            to = norms.steepest_step(slope, self.norm, 1.0, None)
            nearer = far < distance
            step = tf.where(batch.each(nearer), batch.each(far) * to, step)
            distance = tf.where(nearer, far, distance)
        return change + (1 + self.overshoot) * step


class _State(NamedTuple):
    """Where a search is: the step, and for each image the rest."""

    i: tf.Tensor
    change: tf.Tensor
    best: nearest.Best
    done: tf.Tensor
    evaluations: tf.Tensor


class _Way(NamedTuple):
    """Where a search between images and their examples is."""

    i: tf.Tensor
    outside: tf.Tensor  # share of the way that is too short
    inside: tf.Tensor  # and one that leads to an example
    best: nearest.Best


def _free(
    batch: nearest.Batch, change: tf.Tensor, slope: tf.Tensor
) -> tf.Tensor:
    """Returns a slope, 0 on pixels that a bound holds against it."""
    least, most = batch.room()
    free = tf.where(slope > 0, change < most, change > least)
    return tf.where(free, slope, 0)


def _along(
    batch: nearest.Batch, change: tf.Tensor, slope: tf.Tensor
) -> tf.Tensor:
    """Returns the part of changes that is along slopes."""
    slope = _free(batch, tf.zeros_like(change), slope)
    share = tf.math.divide_no_nan(
        tf.reduce_sum(change * slope, batch.axes, keepdims=True),
        tf.reduce_sum(slope**2, batch.axes, keepdims=True),
    )
    return share * slope
