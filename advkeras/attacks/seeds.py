"""Random numbers that belong to an image, wherever it stands in a batch."""

import zlib

import numpy as np


def generator(image: np.ndarray, seed: int) -> np.random.Generator:
    """Returns random numbers that depend on an image and a seed alone.

    Any subset, order or batch of images then gives each the same ones.
    """
    digest = zlib.crc32(np.ascontiguousarray(image).tobytes())
    return np.random.default_rng([seed, digest])
