"""The fast gradient sign method: Goodfellow et al. 2014, section 4."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import norms
from advkeras.attacks import objectives
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.attack import keep_amount
from advkeras.classifier import Classifier
from advkeras.classifier import answers


@dataclasses.dataclass(frozen=True)
class FGSM(Attack):
    """One step of size epsilon along the gradient of the loss.

    Untargeted, x' = x + epsilon * sign(grad_x J(x, label)); targeted, a step
    down the loss of the target. The gradient is that of `log_odds_gradient`,
    which has the direction of cross-entropy's and does not vanish where the
    model is confident.

    Args:
        epsilon: Size of the step, above 0, in the units of the images; or one
            for each channel: the step over epsilon is then of size 1.
        norm: What epsilon measures: "linf", "l2" or "l1". For "l1" the step
            goes to the pixels of largest gradient, where it does most.
        clip: Whether to clip to the classifier's bounds. The figures printed
            in the paper are unclipped.
        targets: None for untargeted, "random" or "next" (the class after the
            label); targets given in the call go first.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.FGSM(epsilon=0.25)(classifier, images, labels)
    """

    epsilon: channels.Amount
    norm: str = "linf"
    clip: bool = True
    targets: str | None = None

    def __post_init__(self) -> None:
        keep_amount(self, "epsilon")
        checks.check_choice("norm", self.norm, norms.NORMS)
        check_target_rule(self.targets)

    def perturb(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        targeted: bool = False,
        epsilon: Any = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Takes the step on tensors: one gradient, no checks, no judgement.

        Args:
            classifier: The model to fool.
            images: float32 tensor, (n, height, width, channels).
            labels: int64 tensor, (n,): labels to leave, or targets to reach.
            targeted: Which of the two `labels` are.
            epsilon: A tensor in the place of the attack's; None for that.

        Returns:
            (images, clean_predictions), both tensors.
        """
        # epsilon is an argument of the compiled step, not part of its key: a
        # sweep over epsilon traces once.
        if epsilon is None:
            epsilon = channels.array(self.epsilon)
        shape = tuple(getattr(epsilon, "shape", ()))
        step = classifier.compiled(
            ("fgsm", self.norm, self.clip, targeted, *shape),
            lambda c: _build_step(c, self.norm, self.clip, targeted, shape),
        )
        return step(images, labels, epsilon)

    def sizes(self, classifier: Classifier) -> tuple[Any, ...]:
        """Returns epsilon; see `Attack.sizes`."""
        if self.leaves_graph():
            return ()
        return (channels.array(self.epsilon),)

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """Takes the step against the labels; see `Attack.on_tensors`."""
        if self.leaves_graph():
            return super().on_tensors(classifier, images, labels, seed)
        (epsilon,) = sizes or self.sizes(classifier)
        return self.perturb(classifier, images, labels, epsilon=epsilon)[0]

    def leaves_graph(self) -> bool:
        """Returns whether the targets have to be chosen in Python."""
        return self.targets is not None

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Takes the step, batch by batch; see `Attack.generate`."""
        del seed
        targeted = targets is not None
        goals = labels if targets is None else targets
        found = np.empty_like(images)
        predicted = np.empty_like(labels)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            found[rows], predicted[rows] = self.perturb(
                classifier, images[rows], goals[rows], targeted
            )
        if not classifier.exact:  # the step's logits are not its last word
            predicted = classifier.predict(images, batch_size)
        return Generated(found, predicted)


def _build_step(
    classifier: Classifier,
    norm: str,
    clip: bool,
    targeted: bool,
    of_epsilon: tuple[int, ...],
) -> Callable[..., Any]:
    lower, upper = channels.lower_upper(classifier.bounds)

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec(of_epsilon, classifier.dtype),
        ]
    )
    def step(
        images: tf.Tensor, labels: tf.Tensor, epsilon: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = classifier.logits(images)
        uphill = objectives.log_odds_gradient(logits, labels)
        gradient = tape.gradient(
            logits, images, output_gradients=-uphill if targeted else uphill
        )
        room = None
        if clip and norm == "l1":
            room = tf.where(gradient > 0, upper - images, images - lower)
        found = images + norms.steepest_step(gradient, norm, epsilon, room)
        if clip:
            found = tf.clip_by_value(found, lower, upper)
        if classifier.levels is not None:
            found = classifier.levels.toward(found, images)
        return found, answers(logits)

    return step
