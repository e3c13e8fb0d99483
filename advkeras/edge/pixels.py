"""What becomes of an image on its way to a device: overshoot, uint8, camera."""

import io
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageEnhance

from advkeras import channels
from advkeras import checks


def to_uint8(images: np.ndarray, bounds: checks.Bounds) -> np.ndarray:
    """Returns images as a camera, a PNG or an int8 input keeps them.

    Args:
        images: float32, (n, height, width, channels).
        bounds: (lower, upper) of the pixels; become 0 and 255.

    Returns:
        uint8, as `images`: rounded half to even, and clipped.
    """
    lower, upper = channels.lower_upper(bounds)
    steps = (images.astype(np.float32) - lower) * (255 / (upper - lower))
    return np.rint(steps).clip(0, 255).astype(np.uint8)


def overshoot(
    originals: np.ndarray,
    images: np.ndarray,
    factor: float,
    bounds: checks.Bounds,
) -> np.ndarray:
    """Returns images whose perturbation is scaled by `factor`.

    Args:
        originals: Clean images, float32, (n, height, width, channels).
        images: Adversarial images, as `originals`.
        factor: 1 gives `images` themselves.
        bounds: (lower, upper) of the pixels, which are clipped to them, or
            to the range of each image found, if that goes beyond; one a
            channel, to that of each channel.
    """
    if factor == 1:
        return images
    together = channels.count_of(bounds[0]) is None
    axes = tuple(range(1, images.ndim if together else images.ndim - 1))
    least, most = channels.lower_upper(bounds)
    lower = np.minimum(least, images.min(axes, keepdims=True))
    upper = np.maximum(most, images.max(axes, keepdims=True))
    moved = originals + np.float32(factor) * (images - originals)
    return moved.clip(lower, upper).astype(np.float32, copy=False)


def camera(pixels: np.ndarray, steps: Sequence[str]) -> np.ndarray:
    """Returns pictures after what may happen between a camera and a model.

    Args:
        pixels: uint8, (n, height, width, 1 or 3).
        steps: Applied in this order: "jpeg:QUALITY", 1 to 100, encodes and
            decodes; "resize:FACTOR", 0 to 1, scales down and up again;
            "brightness:FACTOR", above 0, multiplies.

    Raises:
        ValueError: A step is none of these, or the pictures are neither grey
            nor colour.
    """
    todo = check_camera(steps)
    if not todo:
        return pixels
    if pixels.shape[-1] not in (1, 3):
        raise ValueError(
            "`images` must have 1 or 3 channels for camera steps. "
            f"Received: images.shape={pixels.shape}"
        )
    changed = np.empty_like(pixels)
    for i, values in enumerate(pixels):
        picture = PIL.Image.fromarray(
            values[..., 0] if values.shape[-1] == 1 else values
        )
        for step, amount in todo:
            picture = step(picture, amount)
        changed[i] = np.asarray(picture).reshape(values.shape)
    return changed


def check_camera(
    steps: Sequence[str],
) -> list[tuple[Callable[[PIL.Image.Image, float], PIL.Image.Image], float]]:
    """Returns the camera steps as functions and their amounts.

    Raises:
        ValueError: A step is not one of those that `camera` lists.
    """
    if isinstance(steps, str):
        raise ValueError(
            f"`camera` must be a list of steps. Received: {steps!r}"
        )
    return [_parsed(step) for step in steps]


def _parsed(
    step: str,
) -> tuple[Callable[[PIL.Image.Image, float], PIL.Image.Image], float]:
    name, _, text = str(step).partition(":")
    try:
        function, smallest, largest = _STEPS[name]
        amount = float(text)
        if not smallest <= amount <= largest or amount == 0:
            raise ValueError
    except (KeyError, ValueError):
        raise ValueError(
            "`camera` must hold steps like jpeg:75 (1 to 100), resize:0.5 (0 "
            f"to 1) and brightness:1.2 (above 0). Received: {step!r}"
        ) from None
    return function, amount


def _jpeg(picture: PIL.Image.Image, quality: float) -> PIL.Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=round(quality))
    return PIL.Image.open(file)


def _resize(picture: PIL.Image.Image, factor: float) -> PIL.Image.Image:
    width, height = picture.size
    smaller = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = picture.resize(smaller, PIL.Image.Resampling.BILINEAR)
    return small.resize((width, height), PIL.Image.Resampling.BILINEAR)


def _brightness(picture: PIL.Image.Image, factor: float) -> PIL.Image.Image:
    return PIL.ImageEnhance.Brightness(picture).enhance(factor)


# Name -> what it does, and the smallest and largest amount that make sense.
_STEPS: dict[
    str,
    tuple[Callable[[PIL.Image.Image, float], PIL.Image.Image], float, float],
] = {
    "jpeg": (_jpeg, 1, 100),
    "resize": (_resize, 0, 1),
    "brightness": (_brightness, 0, 100),
}
