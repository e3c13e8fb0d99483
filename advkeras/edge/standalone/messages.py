"""What a parent and the process of an interpreter say to each other.

A message is one line of JSON and as many bytes as it says: no pickles.
"""

import json
from typing import Any
from typing import BinaryIO

import numpy as np


def send(stream: BinaryIO, message: dict[str, Any], payload: Any = b"") -> None:
    """Writes one message."""
    line = json.dumps({**message, "bytes": len(payload)})
    stream.write(line.encode() + b"\n")
    stream.write(payload)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Reads one message, (what it says, its bytes); None at the end."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None  # also in the middle of a line
    message = json.loads(line)
    payload = stream.read(message["bytes"])
    return (message, payload) if len(payload) == message["bytes"] else None


def send_array(stream: BinaryIO, array: np.ndarray, **message: Any) -> None:
    """Writes one array."""
    about = {"dtype": array.dtype.name, "shape": array.shape, **message}
    send(stream, about, np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def as_array(message: dict[str, Any], payload: bytes) -> np.ndarray:
    """Returns the array of a message."""
    return np.frombuffer(payload, message["dtype"]).reshape(message["shape"])
