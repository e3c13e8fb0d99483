"""Projected gradient descent: Madry et al. 2018, section 2.1."""

import dataclasses

import tensorflow as tf

from advkeras.attacks import objectives
from advkeras.attacks.ascent import Ascent
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.climb import Objective
from advkeras.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class PGD(Ascent):
    """Many small steps along the gradient of the loss, within epsilon.

    Each step is FGSM's of size step_size, then what left the ball around the
    image, or the bounds, goes back to it. Returned is the iterate of largest
    loss: what another model, or a picture, is most likely to be fooled by too.
    Without a random start it is the basic iterative method (Kurakin et al.
    2016, section 2.2); with `momentum=1.0` the momentum iterative method (Dong
    et al. 2018, algorithm 1).

    Where only the share that withstands matters, `stop_early=True` finds it
    in fewer gradients. An image then stops at the first iterate that succeeds,
    and no gradients are computed for it any more; one that the model errs on
    is returned as it is. Training (`on_tensors`) takes all the steps.

    Args:
        epsilon: Radius of the ball, above 0, in the units of the images; or
            one for each channel: the perturbation over epsilon is then within
            a ball of radius 1.
        norm: What it measures: "linf" or "l2".
        steps: Number of steps.
        step_size: Size of a step, in the same norm, likewise; None for
            2.5 * epsilon / steps.
        random_start: Whether to begin anywhere in the ball.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first.
        stop_early: Whether an image stops where it first succeeds.
        restarts: How often to climb. From the second time on from anywhere in
            the ball, and only images that have withstood so far.
        momentum: What of the direction is kept from step to step, at least 0:
            the gradient over its l1 norm is added to it.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.PGD(epsilon=8 / 255)(classifier, images, labels)
    """

    targets: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_target_rule(self.targets)

    def objective(self, classifier: Classifier, targeted: bool) -> Objective:
        """Climbs the odds against the label, or descends the target's."""

        def against(
            images: tf.Tensor, goals: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            logits = classifier.logits(images)
            odds = objectives.log_odds_against(logits, goals)
            met = objectives.reached(logits, goals, targeted)
            return (-odds if targeted else odds), met

        return against
