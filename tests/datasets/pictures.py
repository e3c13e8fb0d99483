"""Real picture files, written by Pillow."""

import numpy as np
from PIL import Image


def write(path, grey, size=(6, 8), mode="RGB"):
    """Writes one picture of one grey, (height, width), lossless or nearly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full((*size, 3), grey, np.uint8)
    Image.fromarray(array).convert(mode).save(path)
    return path


def cut(path, share=0.5):
    """Leaves only the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def noise(path, size=(32, 32), seed=0):
    """Writes a picture with enough in it to be cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    array = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(array).save(path)
    return path


def greys(data):
    """Returns the grey of each image, 0 .. 255, in the set's order."""
    return [int(image.numpy()[0, 0, 0]) for image, _ in data.stream()]
