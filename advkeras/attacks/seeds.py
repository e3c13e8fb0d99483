"""Random numbers that belong to an image, wherever it stands in a batch."""

import zlib

import numpy as np


def generator(
    image: np.ndarray, seed: int, restart: int = 0
) -> np.random.Generator:
    """Returns random numbers that depend on an image and a seed alone.

    Any subset, order or batch of images then gives each the same ones.

    Args:
        image: Of any shape.
        seed: Seed of every random choice.
        restart: Which of several streams of this image and seed.
    """
    digest = zlib.crc32(np.ascontiguousarray(image).tobytes())
    entropy = [seed, digest]
    if restart:
        entropy.append(restart)
    return np.random.default_rng(entropy)
