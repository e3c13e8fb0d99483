"""Images to try a .tflite file on, when all there is is the file."""

import dataclasses

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras import datasets
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Tensor

NOISE = "noise"


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Images for a file.

    Attributes:
        images: float32, (n, height, width, channels), within the bounds; whole
            numbers where the file takes such.
        fingerprint: Of the data set; None of noise.
        beside: What the further inputs are given, where there are any: noise.
    """

    images: np.ndarray
    fingerprint: str | None
    beside: tuple[np.ndarray, ...] = ()

    @property
    def every(self) -> np.ndarray | list[np.ndarray]:
        """What `agreement` takes: the images, or a list with all inputs'."""
        return [self.images, *self.beside] if self.beside else self.images


def held_bounds(graph: Graph, place: int = 0) -> checks.Bounds:
    """Returns the range of the numbers that an input can hold.

    That of its scale and zero point, to six digits, also where a QUANTIZE is
    first; of integers without them, what their type holds, or that of pixels
    where it holds more than 16 bits; (0, 1) for other floats.

    Args:
        graph: The file.
        place: Which input.
    """
    given = graph.inputs[place]
    held = straight_through.input_limits(graph, given)
    if held is None:
        return (0.0, 255.0) if straight_through.is_whole(given) else (0.0, 1.0)
    lower, upper = held
    # A scale is rounded to float32: 1.0000001 was meant to be 1.
    return float(f"{lower:.6g}"), float(f"{upper:.6g}")


def samples(
    graph: Graph,
    dataset: str,
    n: int,
    bounds: checks.Bounds | None = None,
    split: str = "test",
    data_dir: str | None = None,
    seed: int = 0,
) -> Samples:
    """Chooses images that a file takes.

    Args:
        graph: The file.
        dataset: A name that `advkeras.datasets.load` knows, whose images are
            resized to the size that the file takes; where it takes (28, 28)
            or (784,), say, they must be of (28, 28, 1). Or "noise", uniform
            within the bounds. Further inputs are given noise in any case.
        n: How many; all, where a data set has fewer.
        bounds: (lower, upper) of the pixels, and of what further inputs of
            floats are given; None for `held_bounds`.
        split: Part of the data set.
        data_dir: Where TFDS keeps its sets.
        seed: Seed of the choice, and of noise.

    Raises:
        ValueError: There is no such set, or its images are none that the file
            takes.
    """
    checks.check_count("n", n)
    signature = graph.inputs[0].signature[1:]
    if bounds is None:
        bounds = held_bounds(graph)
    shape = tuple(None if side == -1 else side for side in signature)
    bounds = checks.check_bounds(bounds, shape)
    if dataset == NOISE:
        if -1 in signature:
            raise ValueError(
                "`dataset` must have images of a size, where the file takes "
                f"any: {signature}. Received: dataset={dataset!r}"
            )
        images = _noise(graph.inputs[0], bounds, n, seed)
        return Samples(images, None, noise_beside(graph, n, bounds, seed))
    size = None
    if len(signature) == 3 and -1 not in signature[:2]:
        size = signature[0], signature[1]
    data = datasets.load(
        dataset, split, data_dir=data_dir, bounds=bounds, image_size=size
    )
    given = data.image_shape
    fits = checks.is_shape(given, shape)
    if not fits and not checks.same_values(given, shape):
        raise ValueError(
            "`dataset` must have images that the file takes, of shape "
            f"{signature}; {NOISE!r} has them. "
            f"Received: dataset={dataset!r}, whose are {given}"
        )
    images = data.sample(n, seed)[0]
    if not fits:
        images = images.reshape(len(images), *signature)
    images = _as_taken(images, graph.inputs[0])
    beside = noise_beside(graph, len(images), bounds, seed)
    return Samples(images, data.fingerprint, beside)


def noise_beside(
    graph: Graph, n: int, bounds: checks.Bounds | None = None, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """Returns noise for each input of a file but the first.

    Args:
        graph: The file.
        n: How many images the first is given.
        bounds: Lower and upper end for floats of which the file says none;
            None for (0, 1).
        seed: Each input has noise of its own.

    Raises:
        ValueError: One of them takes any size.
    """
    found = []
    for place, given in enumerate(graph.inputs[1:], start=1):
        if -1 in given.signature[1:]:
            raise ValueError(
                "`path` must be a .tflite file whose further inputs are of a "
                f"size. Received: path={graph.path!r}, which takes "
                f"{given.signature[1:]}"
            )
        ends = held_bounds(graph, place)
        says = straight_through.input_limits(graph, given) is not None
        if bounds is not None and given.dtype.startswith("float") and not says:
            lower, upper = channels.lower_upper(bounds)
            ends = float(np.min(lower)), float(np.max(upper))
        found.append(_noise(given, ends, n, [seed, place]))
    return tuple(found)


def _noise(
    given: Tensor, bounds: checks.Bounds, n: int, seed: int | list[int]
) -> np.ndarray:
    random = np.random.default_rng(seed)
    ends = channels.lower_upper(bounds)
    images = random.uniform(*ends, (n, *given.signature[1:]))
    images = np.clip(images.astype(np.float32), *ends).astype(np.float32)
    return _as_taken(images, given)


def _as_taken(images: np.ndarray, given: Tensor) -> np.ndarray:
    """Returns images as an input holds them that has no values between."""
    if straight_through.is_whole(given):
        return np.rint(images)
    return images
