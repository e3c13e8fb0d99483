"""Shown: the sets of images that every target is shown."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from advkeras import checks
from advkeras.attacks import AttackResult
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.edge import pixels as pixel_steps
from advkeras.edge.outcomes import Outcome
from advkeras.edge.standalone import run_on_device

OVERSHOOTS = (1.0, 1.02, 1.05, 1.10, 1.20)
_KINDS = ("float", "uint8")


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A set of images that every target is shown.

    Attributes:
        attack: As of `Outcome`.
        pixels: As of `Outcome`.
        overshoot: As of `Outcome`.
        result: What the images are made from.
        camera: Camera steps, for pixels of "camera".
        source_labels: What the float source says of these very images, (n,);
            None if it is not known.
    """

    attack: str | None
    pixels: str
    overshoot: float | None
    result: AttackResult
    camera: tuple[str, ...] = ()
    source_labels: np.ndarray | None = None

    @property
    def name(self) -> str:
        """A name for people and files, as in "fgsm x1.05 uint8"."""
        if self.attack is None:
            return f"clean {self.pixels}"
        return f"{self.attack} x{self.overshoot:.2f} {self.pixels}"

    @property
    def labels(self) -> np.ndarray:
        """True labels, int64, (n,)."""
        return self.result.labels

    @property
    def fooled(self) -> np.ndarray | None:
        """Which images fool the source, bool, (n,); None: they are clean."""
        if self.attack is None:
            return None
        right_before = self.result.clean_predictions == self.labels
        return right_before & run_on_device.misread(
            self.result.predictions, self.labels
        )

    def uint8(self) -> np.ndarray:
        """Makes the images as uint8, (n, height, width, channels)."""
        rounded = pixel_steps.to_uint8(self._found(), self.result.bounds)
        return pixel_steps.camera(rounded, self.camera)

    def images(self) -> np.ndarray:
        """Makes the images, float32, (n, height, width, channels)."""
        if self.pixels == "float":
            return self._found()
        return run_on_device.from_uint8(self.uint8(), self.result.bounds)

    def outcome(self, predicted: np.ndarray) -> Outcome:
        """Judges what a target predicted, int64, (n,)."""
        return Outcome.of(
            (self.attack, self.pixels, self.overshoot),
            predicted,
            self.labels,
            self.source_labels,
            self.fooled,
        )

    def _found(self) -> np.ndarray:
        if self.overshoot is None:
            return self.result.originals
        return pixel_steps.overshoot(
            self.result.originals,
            self.result.images,
            self.overshoot,
            self.result.bounds,
        )


def to_show(
    results: Mapping[str, AttackResult],
    overshoots: Sequence[float] = OVERSHOOTS,
    camera: Sequence[str] = (),
    source: Classifier | None = None,
    kinds: Sequence[str] = _KINDS,
) -> list[Shown]:
    """Lists the sets of images that results give; none is made yet.

    Args:
        results: Name of the attack -> what it found on the source.
        overshoots: Factors of the perturbation.
        camera: Camera steps; with any, a further kind of pixels.
        source: The float model, to be asked for its labels of every set;
            None: its labels are known for what the results hold.
        kinds: Kinds of pixels.

    Returns:
        The clean images (of the largest result), then each attack's.

    Raises:
        ValueError: An overshoot is not above 0, a camera step is unknown, or
            there is no result, or one of another model.
    """
    if not results:
        raise ValueError(f"`results` must not be empty. Received: {results!r}")
    origin.check_one_model("results", results)
    for name, result in results.items():
        if source is not None:  # says more than that the models differ
            checks.check_shape(result.images.shape, source.image_shape)
        origin.check_origin(
            "results",
            f"results[{name!r}]",
            origin.differences(result, classifier=source),
        )
    for factor in overshoots:
        checks.check_positive("overshoots", factor)
    for kind in kinds:
        checks.check_choice("kinds", kind, _KINDS)
    pixel_steps.check_camera(camera)
    largest = max(results.values(), key=len)
    if camera:
        kinds = (*kinds, "camera")
    listed = [
        Shown(attack, kind, factor, result, tuple(camera) * (kind == "camera"))
        for attack, result in ((None, largest), *results.items())
        for kind in kinds
        for factor in ((None,) if attack is None else overshoots)
    ]
    return [
        dataclasses.replace(shown, source_labels=_source_labels(shown, source))
        for shown in listed
    ]


def _source_labels(
    shown: Shown, source: Classifier | None
) -> np.ndarray | None:
    if shown.pixels == "float" and shown.overshoot in (None, 1):
        clean = shown.attack is None
        result = shown.result
        return result.clean_predictions if clean else result.predictions
    if source is None:
        return None
    return source.predict(shown.images(), within_bounds=False)
