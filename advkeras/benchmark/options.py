"""Options: what all suites are told."""

import dataclasses

from advkeras import channels
from advkeras import checks


@dataclasses.dataclass(frozen=True)
class Options:
    """How much is measured, and on what.

    Attributes:
        examples: Random images that each call works on.
        slow_examples: How many of them, from the first, those calls work on
            that take a tenth of a second an image.
        repeats: Rounds that are timed; None for the suite's own number.
        seed: Seed of the choice of images and of the targets.
        epsilon: Step of FGSM, and the budget of what keeps within one, in
            the units of the images, or one for each channel.
        sizes: Numbers of images at which growth is measured, ascending.

    Raises:
        ValueError: One of them is not as described.
    """

    examples: int = 256
    slow_examples: int = 16
    repeats: int | None = None
    seed: int = 0
    epsilon: channels.Amount = 0.1
    sizes: tuple[int, ...] = (100, 1_000, 10_000)

    def __post_init__(self) -> None:
        for name in ("examples", "slow_examples"):
            checks.check_count(name, getattr(self, name))
        if self.repeats is not None:
            checks.check_count("repeats", self.repeats)
        checks.check_seed("seed", self.seed)
        checks.check_amount("epsilon", self.epsilon)
        for size in self.sizes:
            checks.check_count("sizes", size)
        if not self.sizes or list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError(
                "`sizes` must be whole numbers, ascending. "
                f"Received: sizes={self.sizes!r}"
            )
