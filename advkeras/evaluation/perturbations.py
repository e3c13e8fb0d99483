"""Perturbations to set beside an attack's: noise, and the attack's enlarged."""

from typing import Any

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras import datasets
from advkeras.attacks import norms
from advkeras.attacks import seeds


def gaussian_noise(
    images: Any,
    distortion: float,
    bounds: checks.Bounds = (0.0, 1.0),
    seed: int = 0,
    clip: bool = False,
) -> np.ndarray:
    """Returns images with Gaussian noise of a given distortion.

    Args:
        images: (n, height, width, channels), within the bounds: an array, an
            `ImageSet` or a `tf.data.Dataset`.
        distortion: Standard deviation of the noise over the pixel range; the
            noise of each image is scaled to have exactly this distortion.
        bounds: (lower, upper) of the pixels.
        seed: Seed of the noise, which is an image's own, whatever images are
            beside it.
        clip: Whether to clip to the bounds, which lessens the distortion.

    Returns:
        float32, as `images`.

    Raises:
        ValueError: `distortion` is not above 0, or the images are not such.

    Source: the control rows of Szegedy et al. 2013, tables 2 and 4.
    """
    checks.check_positive("distortion", distortion)
    checks.check_seed("seed", seed)
    bounds = checks.check_bounds(bounds)
    images = datasets.images_of(images, bounds, datasets.ANY_SIZE)
    bounds = checks.check_bounds(bounds, images.shape[1:])
    noise = np.empty(images.shape, np.float32)
    lower, upper = channels.lower_upper(bounds)
    for image, row in zip(images, noise, strict=True):
        # In bytes, an image is itself in whatever units it is given.
        shade = np.rint(255 * (image - lower) / (upper - lower)).astype(
            np.uint8
        )
        seeds.generator(shade, seed).standard_normal(None, np.float32, row)
    if channels.count_of(bounds[0]) is not None:  # else scaled below alike
        noise *= channels.array(channels.range_of(bounds))
    return _add_scaled(images, noise, distortion, bounds, clip)


def amplify(
    originals: Any,
    images: Any,
    distortion: float,
    bounds: checks.Bounds = (0.0, 1.0),
    clip: bool = True,
) -> np.ndarray:
    """Returns each perturbation scaled to one distortion, then clipped.

    Szegedy et al. 2013, section 4.2, print x + 0.1 (x' - x) / |x' - x|, which
    would be a distortion of 0.0036 on MNIST; the stated rise "from 0.06 to
    0.1" is what this does.

    Args:
        originals: Clean images, (n, height, width, channels), as of
            `gaussian_noise`.
        images: Adversarial images, as `originals`, or beyond the bounds.
        distortion: RMS a pixel over the pixel range, before clipping.
        bounds: (lower, upper) of the pixels.
        clip: Whether to clip to the bounds.

    Returns:
        float32, as `images`; unchanged where there was no perturbation.

    Raises:
        ValueError: `distortion` is not above 0, or the images are not such.
    """
    checks.check_positive("distortion", distortion)
    bounds = checks.check_bounds(bounds)
    with checks.naming("originals"):
        originals = datasets.images_of(originals, bounds, datasets.ANY_SIZE)
    images = datasets.images_of(images, None, originals.shape[1:])
    bounds = checks.check_bounds(bounds, images.shape[1:])
    return _add_scaled(originals, images - originals, distortion, bounds, clip)


def _add_scaled(
    images: np.ndarray,
    perturbation: np.ndarray,
    distortion: float,
    bounds: checks.Bounds,
    clip: bool,
) -> np.ndarray:
    before = norms.distortion(perturbation, bounds)
    factor = np.divide(
        distortion, before, out=np.zeros_like(before), where=before > 0
    )
    column = factor.reshape(-1, *[1] * (images.ndim - 1))
    moved = images + perturbation * column.astype(np.float32)
    if not clip:
        return moved
    lower, upper = channels.lower_upper(bounds)
    return moved.clip(lower, upper).astype(moved.dtype, copy=False)
