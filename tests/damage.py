"""Ways in which a file comes to hold something else than it should."""

import json
import os
from pathlib import Path

import numpy as np


def empty(path):
    path.write_bytes(b"")


def absent(path):
    path.unlink()


def folder(path):
    path.unlink()
    path.mkdir()


def cut(share):
    """Returns what leaves the first part of a file."""

    def truncate(path):
        os.truncate(path, int(share * path.stat().st_size))

    return truncate


def zeroed(path):
    """As after a power cut: the length is right, the blocks are not."""
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2] + bytes(size - size // 2))


def noise(path):
    rng = np.random.default_rng(0)
    path.write_bytes(rng.bytes(path.stat().st_size))


def text(content):
    def write(path):
        path.write_text(content)

    return write


# Whatever the format: name -> what does it to a file.
ANY = {
    "empty": empty,
    "absent": absent,
    "folder": folder,
    **{f"cut-{share}": cut(share) for share in (0.01, 0.3, 0.6, 0.9, 0.96)},
    "zeroed": zeroed,
    "noise": noise,
    "words": text("hello"),
}
JSON = {
    **ANY,
    "not-utf8": lambda path: path.write_bytes(b'{"caf\xe9": 1}'),
    "deep": text("[" * 100_000),
    "list": text("[1, 2]"),
    "number": text("3"),
    "null": text("null"),
    "none-of-its-keys": text("{}"),
    "other-keys": text('{"a": 1}'),
}


def changed(key, *value):
    """Returns what takes a key from a JSON object, or sets it to a value."""

    def change(path):
        found = json.loads(Path(path).read_text())
        del found[key]
        if value:
            found[key] = value[0]
        path.write_text(json.dumps(found))

    return change
