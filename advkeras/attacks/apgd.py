"""Auto-PGD: ascent that sets its own step size.

Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble
of diverse parameter-free attacks", ICML 2020, sections 3 and 4.
"""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import balls
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks import standing
from advkeras.attacks import targets as target_rules
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import fooled
from advkeras.attacks.attack import keep_amount
from advkeras.attacks.attempts import POOL
from advkeras.attacks.attempts import Attempts
from advkeras.attacks.attempts import in_turn
from advkeras.attacks.attempts import parts_of
from advkeras.attacks.balls import each
from advkeras.classifier import Classifier

LOSSES = ("ce", "dlr")
# Of a step, what is new; the rest is the step before. Section 3.1.
_NEW = 0.75
_FIRST_STEP = 2.0  # epsilons
# Classes that a loss needs, untargeted and targeted: equations 6 and 7.
_CLASSES = {"ce": (2, 2), "dlr": (3, 4)}


@dataclasses.dataclass(frozen=True)
class APGD(Attack):
    """Steps from 2 epsilon, halved when they no longer climb.

    Each step has a quarter of the one before. At checkpoints that come closer
    and closer an image goes back to its best, and on in steps of half the
    size, if fewer than `rho` of the steps since the last one went up, or if
    neither step nor best have changed since. There is no step size to choose.

    Returned is the first iterate that succeeds; where there is none, or with
    `stop_early=False`, that of largest loss.

    Args:
        epsilon: As of `PGD`.
        norm: As of `PGD`.
        steps: Number of steps.
        loss: What it climbs: "ce", cross-entropy, or "dlr", the difference of
            logits ratio, which does not depend on the scale of the logits. It
            needs three classes, and with targets four.
        restarts: As of `PGD`.
        targets: None, "random" or "next", as of `PGD`; or "all": any class but
            the label will do, and the wrong classes are aimed at in turn, that
            of the largest logit first.
        target_classes: How many of these "all" aims at, at most.
        random_start: As of `PGD`.
        rho: Share of the steps that are to go up, 0 to 1.
        stop_early: As of `PGD`.

    Raises:
        ValueError: A hyper-parameter is not as described, or the model has too
            few classes for the loss.

    Example:
        >>> attack = ak.attacks.APGD(8 / 255, loss="dlr", targets="all")
        >>> result = attack(classifier, images, labels)
    """

    epsilon: channels.Amount
    norm: str = "linf"
    steps: int = 100
    loss: str = "ce"
    restarts: int = 1
    targets: str | None = None
    target_classes: int = 9
    random_start: bool = False
    rho: float = 0.75
    stop_early: bool = True

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, balls.NORMS)
        checks.check_count("steps", self.steps)
        checks.check_choice("loss", self.loss, LOSSES)
        checks.check_count("restarts", self.restarts)
        if self.targets is not None:
            known = (*target_rules.RULES, target_rules.ALL)
            checks.check_choice("targets", self.targets, known)
        checks.check_count("target_classes", self.target_classes)
        checks.check_choice("random_start", self.random_start, (True, False))
        checks.check_share("rho", self.rho)
        checks.check_choice("stop_early", self.stop_early, (True, False))

    def check_model(self, classifier: Classifier, targeted: bool) -> None:
        """Raises ValueError where the loss needs more classes."""
        aimed = targeted or self.targets is not None
        least = _CLASSES[self.loss][aimed]
        if classifier.num_classes < least:
            raise ValueError(
                f"`loss` must be 'ce' for a model of {classifier.num_classes} "
                f"classes: {'targeted ' * aimed}'dlr' compares {least} logits. "
                f"Received: loss={self.loss!r}"
            )

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """By all steps, for training is on what is hardest."""
        whole = dataclasses.replace(self, stop_early=False)
        return Attack.on_tensors(whole, classifier, images, labels, seed, sizes)

    def leaves_graph(self) -> bool:
        """As of `Attack`: it does."""
        return True

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
        predictions = classifier.predict(images, batch_size)
        epsilon: Any = self.epsilon
        if classifier.levels is not None and self.norm == "linf":
            epsilon = classifier.levels.whole(epsilon)
        epsilon = channels.array(epsilon)
        aims = (labels if targets is None else targets)[:, None]
        if targets is None and self.targets == target_rules.ALL:
            count = min(self.target_classes, classifier.num_classes - 1)
            aims = _ranked(classifier, images, labels, batch_size)[:, :count]
        # Most that fall do so toward the first class. What withstands that is
        # mostly robust, and goes toward the others together.
        groups = [aims[:, :1], aims[:, 1:]]
        tries = [
            _Try(
                restart * aims.shape[1] + i,
                self.random_start or restart > 0,
                group,
            )
            for restart in range(self.restarts)
            for i, group in enumerate(groups)
            if group.shape[1]
        ]

        def reached(rows: np.ndarray | slice, said: np.ndarray) -> np.ndarray:
            if targets is not None:
                return said == targets[rows]
            return fooled(said, labels[rows])

        def asked(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
            if classifier.levels is not None:
                found = classifier.levels.nearest(found).numpy()
            return reached(rows, classifier.predict(found, batch_size))

        aimed = targets is not None or self.targets is not None

        def climb(
            one: _Try, rows: np.ndarray, stop_early: bool
        ) -> tuple[np.ndarray, ...]:
            climbing = self._climb(
                classifier, aimed, targets is not None, epsilon, stop_early
            )
            spans, width = _checkpoints(self.steps), one.aims.shape[1]
            found = []
            for some in parts_of(rows, max(1, POOL * batch_size // width)):
                originals = images[some].repeat(width, axis=0)
                begin = originals
                if one.random:
                    begin = begin.copy()
                    for i in range(width):
                        begin[i::width] += balls.points(
                            images[some],
                            self.norm,
                            epsilon,
                            seed,
                            one.number + i,
                        )
                made = climbing(
                    originals,
                    begin,
                    labels[some].repeat(width),
                    one.aims[some].ravel(),
                    epsilon,
                    spans,
                    min(batch_size, len(begin)),
                )
                arrays = [array.numpy() for array in made]
                found.append(_best_of(arrays, width, stop_early))
            return tuple(np.concatenate(of) for of in zip(*found, strict=True))

        standing = np.ones(len(images), bool)
        if self.stop_early:
            standing = ~reached(slice(None), predictions)
        best = Attempts.at(images, standing)
        in_turn(best, tries, climb, asked, self.stop_early, batch_size)
        return Generated(
            best.images, predictions, {"gradient_evaluations": best.used}
        )

    def _climb(
        self,
        classifier: Classifier,
        aimed: bool,
        targeted: bool,
        epsilon: Any,
        stop_early: bool,
    ) -> Any:
        # Of how many steps is an argument, as numbers are.
        shape, kind = tuple(np.shape(epsilon)), (self.norm, self.loss, self.rho)
        return classifier.compiled(
            ("apgd", *kind, aimed, targeted, stop_early, shape),
            lambda c: _build_climb(c, self, aimed, targeted, stop_early, shape),
        )


class _Try(NamedTuple):
    """Climbs of all images that stand, toward some classes each."""

    number: int  # of the first class's random numbers
    random: bool  # whether it begins anywhere in the ball
    aims: np.ndarray  # classes to aim at, (n, k); labels where there are none


def _best_of(
    made: Sequence[np.ndarray], width: int, stop_early: bool
) -> tuple[np.ndarray, ...]:
    """Returns the best of each `width` climbs, and gradients of them all."""
    images, height, used, met = made
    rank = np.where(met & stop_early, np.inf, height).reshape(-1, width)
    best = np.arange(len(rank)) * width + rank.argmax(axis=1)
    total = used.reshape(-1, width).sum(axis=1)
    return images[best], height[best], total, met[best]


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


def _checkpoints(steps: int) -> np.ndarray:
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


def _build_climb(
    classifier: Classifier,
    attack: APGD,
    aimed: bool,
    targeted: bool,
    stop_early: bool,
    of_epsilon: tuple[int, ...],
) -> Callable[..., Any]:
    images_spec = classifier.images_spec()
    labels_spec = tf.TensorSpec((None,), tf.int64)
    levels = classifier.levels
    if attack.norm == "linf":  # whose budget is whole levels: the nearest is in
        levels = None

    def shown(images: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
        return images if levels is None else levels.toward(images, originals)

    def met_by(logits: tf.Tensor, now: _State) -> tf.Tensor:
        goals = now.aim if targeted else now.labels
        return objectives.reached(logits, goals, targeted)

    def height_of(logits: tf.Tensor, now: _State) -> tf.Tensor:
        if attack.loss == "ce" and aimed:
            return -objectives.log_odds_against(logits, now.aim)
        if attack.loss == "ce":
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
                images, originals, attack.norm, epsilon, classifier.bounds
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

        def climbed(now: _State) -> _State:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(now.images)
                logits = classifier.logits(now.images)
                height = tf.cast(height_of(logits, now), now.images.dtype)
            gradient = tape.gradient(height, now.images)
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
            few = tf.cast(risen, height.dtype) < attack.rho * tf.cast(
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
            step = norms.steepest_step(gradient, attack.norm, epsilon, None)
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


def _ranked(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
) -> np.ndarray:
    """Returns the wrong classes, largest logit first, (n, classes - 1)."""
    rank = classifier.compiled("ranked", _build_ranked)
    return np.concatenate(
        [
            rank(images[rows], labels[rows]).numpy()
            for start in range(0, len(images), batch_size)
            for rows in (slice(start, start + batch_size),)
        ]
    )


def _build_ranked(classifier: Classifier) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ],
        autograph=False,
    )
    def ranked(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = classifier.logits(images)
        own = tf.one_hot(labels, classifier.num_classes, dtype=logits.dtype)
        # The label's place is the last, even beside logits of -inf.
        order = tf.argsort(logits, direction="DESCENDING", stable=True)
        there = tf.gather(own, order, batch_dims=1)
        last = tf.argsort(there, stable=True)
        return tf.cast(tf.gather(order, last, batch_dims=1), tf.int64)[:, :-1]

    return ranked
