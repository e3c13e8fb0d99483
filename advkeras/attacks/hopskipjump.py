"""HopSkipJump, which is told labels alone.

Chen, Jordan and Wainwright, "HopSkipJumpAttack: a query-efficient
decision-based attack", IEEE S&P 2020, algorithms 1 and 2.
"""

import dataclasses
import hashlib
from typing import Any
from typing import ClassVar

import numpy as np

from advkeras import checks
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.attack import fooled
from advkeras.attacks.hopskipjump_walk import Walk
from advkeras.classifier import Classifier

NORMS = ("l2", "linf")


@dataclasses.dataclass(frozen=True)
class HopSkipJump(Attack):
    """Walks along the boundary to the nearest example, by labels alone.

    It begins at an image that is read as something else, and in turn goes back
    to the boundary by halving, estimates the boundary's normal from the labels
    of noisy copies, and steps along it. It asks `Classifier.predict`, which
    for a model file is the interpreter that runs it: what a device that says
    no more than a class can be made to give away.

    Distances are measured with the pixel range as 1, of each channel its own:
    answers do not depend on the bounds. Noise is larger than the paper's, and
    grows where the model does not see it: one that is quantised has plateaus.

    Args:
        norm: What is to be small: "l2" or "linf".
        queries: The most that is asked of the model for an image, after the
            image itself.
        starts: Images to begin at, (k, height, width, channels), within the
            bounds: of each attacked one the nearest that is read as wanted.
            None: random ones, which do for any wrong class.
        targets: None for untargeted, "random" or "next"; targets given in
            the call go first. Either needs `starts`.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> device = ak.load("int8.tflite")
        >>> result = ak.attacks.HopSkipJump(queries=5000)(device, images)
        >>> result.l2.mean(), result.queries.mean()
    """

    needs_gradient: ClassVar[bool] = False

    norm: str = "l2"
    queries: int = 1000
    starts: Any = dataclasses.field(default=None, compare=False)
    targets: str | None = None

    def __post_init__(self) -> None:
        checks.check_choice("norm", self.norm, NORMS)
        checks.check_count("queries", self.queries)
        check_target_rule(self.targets)
        self._check_starts(self.targets is not None)
        if self.starts is not None:
            starts = checks.as_array("starts", self.starts)
            object.__setattr__(self, "starts", starts)  # it is frozen

    def _check_starts(self, targeted: bool) -> None:
        if targeted and self.starts is None:
            raise ValueError(
                "`starts` must be images, some of each class aimed at: no "
                "random image is read as a class that one chooses. Received: "
                "starts=None"
            )

    def check_model(self, classifier: Classifier, targeted: bool) -> None:
        """As of `Attack`: targets need starts, which are of its images."""
        self._check_starts(targeted)
        self._starts_of(classifier)

    def _starts_of(self, classifier: Classifier) -> np.ndarray | None:
        if self.starts is None:
            return None
        try:
            return classifier.examples(self.starts)[0]
        except ValueError as error:
            raise ValueError(f"`starts` are no images: {error}") from None

    def described(self) -> str:
        """As of `Attack`, with a sum of the starts."""
        if self.starts is None:
            return repr(self)
        digest = hashlib.sha256(self.starts.tobytes()).hexdigest()
        return (
            f"HopSkipJump(norm={self.norm!r}, queries={self.queries}, "
            f"targets={self.targets!r}) from {digest}"
        )

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Walks, batch by batch; see `Attack.generate`."""
        predictions = classifier.predict(images, batch_size)
        if targets is None:
            there = fooled(predictions, labels)
        else:
            there = predictions == targets
        starts = self._starts_of(classifier)
        found, asked = images.copy(), np.zeros(len(images), np.int64)
        ways = np.flatnonzero(~there)
        for start in range(0, len(ways), batch_size):
            rows = ways[start : start + batch_size]
            walk = Walk(
                *(classifier, self.norm, self.queries, images[rows]),
                *(labels[rows], None if targets is None else targets[rows]),
                *(batch_size, seed),
            )
            walk.begin(starts)
            walk.go_on()
            found[rows], asked[rows] = walk.best, self.queries - walk.left
        return Generated(
            found,
            predictions,
            {"gradient_evaluations": np.zeros_like(asked), "queries": asked},
        )
