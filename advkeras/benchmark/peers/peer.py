"""Peer: another library's attack, to be run on one of our classifiers."""

import dataclasses
import importlib.metadata
from collections.abc import Callable
from typing import Any

import numpy as np
from packaging.specifiers import SpecifierSet

from advkeras.classifier import Classifier
from advkeras.edge.quiet import quiet


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What an attack made, with what it asked of the model for it.

    Attributes:
        images: Adversarial images, float32, (n, height, width, channels).
        gradient_evaluations: Gradients used for an image, mean.
        queries: Times that an image was shown for its logits alone, mean.
    """

    images: np.ndarray
    gradient_evaluations: float
    queries: float


Run = Callable[[], np.ndarray | Found]


@dataclasses.dataclass(frozen=True)
class Peer:
    """An attack of another library, with the versions that its adapter fits.

    Attributes:
        name: What tables call it.
        distribution: What pip calls its library.
        specifier: The versions that will do, e.g. ">=3.3,<4".
        prepare: Does all that a user does once: wraps the model, makes the
            attack, converts the arrays. Takes (classifier, images, labels,
            epsilon) for FGSM and for what keeps within a budget, (classifier,
            images, labels, targets) for L-BFGS, and (classifier, images,
            labels) for those that look for the smallest change: checked
            arrays, images float32 within the classifier's bounds, labels and
            targets int64. Returns a function without arguments that attacks
            and returns the adversarial images as float32, (n, height, width,
            channels), where asking was counted as `Found`; where the attack
            failed, what the library hands out then, or else the clean image.
        needs: What else its adapter needs: (distribution, specifier) of each.
        slow: Whether it takes so long, some tenths of a second an image, that
            a few images have to do.
        extra: The extra of advkeras that installs it.
    """

    name: str
    distribution: str
    specifier: str
    prepare: Callable[..., Run] = dataclasses.field(repr=False)
    needs: tuple[tuple[str, str], ...] = ()
    slow: bool = False
    extra: str = "benchmark"

    @property
    def in_torch(self) -> bool:
        """Whether the gradients that it takes are PyTorch's."""
        return any(distribution == "torch" for distribution, _ in self.needs)

    def missing(self) -> str | None:
        """Returns in one line why the peer cannot run here, None if it can."""
        pairs = ((self.distribution, self.specifier), *self.needs)
        for distribution, specifier in pairs:
            wanted = f"needs {distribution} {specifier}".rstrip()
            try:
                installed = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                return f"{wanted}; not installed, see extra {self.extra!r}"
            versions = SpecifierSet(specifier)
            if not versions.contains(installed, prereleases=True):
                return f"{wanted}; installed: {installed}"
        return None

    def version(self) -> str:
        """Returns the version of its library that is installed."""
        return importlib.metadata.version(self.distribution)

    def try_out(self, *arguments: Any) -> tuple[Run | None, str]:
        """Prepares the attack and runs it once, which also warms it up.

        Args:
            *arguments: As for `prepare`.

        Returns:
            (run, ""), or (None, why the peer cannot attack this here): it is
            not installed, it does not know a layer of the model, or whatever
            else a library of another time may raise.
        """
        reason = self.missing()
        if reason is not None:
            return None, reason
        try:
            with quiet():
                run = self.prepare(*arguments)
                run()
        except Exception as error:
            said = " ".join(str(error).split())
            return None, f"{type(error).__name__}: {said}"
        return run, ""


def one_pair(classifier: Classifier) -> tuple[float, float]:
    """Returns the pixel bounds, as the libraries take them.

    Raises:
        ValueError: Each channel has its own.
    """
    lower, upper = classifier.bounds
    if isinstance(lower, tuple) or isinstance(upper, tuple):
        raise ValueError(
            "`bounds` must be the same in all channels for this peer. "
            f"Received: bounds={classifier.bounds}"
        )
    return lower, upper
