"""The sets of images that models are shown in a transfer matrix, by name."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from advkeras import checks
from advkeras.evaluation.perturbations import amplify
from advkeras.evaluation.perturbations import gaussian_noise
from advkeras.evaluation.success import Outcome


def shown_sets(
    originals: np.ndarray,
    examples: Mapping[str, np.ndarray],
    bounds: checks.Bounds,
    amplified: float | None,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields what models are shown, by name: "clean", "attack NAME" ...

    Args:
        originals: The images attacked, (n, height, width, channels).
        examples: Model -> the images found, as `originals`.
        bounds: (lower, upper) of the pixels.
        amplified: Distortion to scale them to; None for not.
    """
    yield "clean", originals
    for name, images in examples.items():
        yield f"attack {name}", images
        if amplified is not None:
            larger = amplify(originals, images, amplified, bounds)
            yield f"amplified {name}", larger


def noise_levels(
    outcomes: Iterable[Outcome], amplified: float | None
) -> tuple[float, ...]:
    """Returns the distortions of the noise beside an attack."""
    means = [float(one.distortion.mean()) for one in outcomes]
    # Up, but not for what float32 adds to a distortion of 0.14.
    largest = float(np.ceil(round(100 * max(means), 4)) / 100)
    levels = {largest, amplified or largest}
    return tuple(sorted(level for level in levels if level > 0))


def noisy_sets(
    images: np.ndarray,
    levels: Iterable[float],
    bounds: checks.Bounds,
    seed: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the images with noise, by name: "noise LEVEL"."""
    for level in levels:
        yield f"noise {level:g}", gaussian_noise(images, level, bounds, seed)
