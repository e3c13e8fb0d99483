"""Projected gradient descent: Madry et al. 2018, section 2.1."""

import dataclasses

import tensorflow as tf

from advkeras.attacks import objectives
from advkeras.attacks.ascent import Ascent
from advkeras.attacks.ascent import Objective
from advkeras.attacks.attack import check_target_rule
from advkeras.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class PGD(Ascent):
    """Many small steps along the gradient of the loss, within epsilon.

    Each step is FGSM's of size step_size, then what left the ball around the
    image, or the bounds, goes back to it. Returned is the iterate of largest
    loss. Without a random start it is the basic iterative method (Kurakin et
    al. 2016, section 2.2).

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

        def against(images: tf.Tensor, goals: tf.Tensor) -> tf.Tensor:
            odds = objectives.log_odds_against(classifier.logits(images), goals)
            return -odds if targeted else odds

        return against
