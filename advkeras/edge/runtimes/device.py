"""Recorded: what came back from a device, as if the device were here."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras.edge import pixels
from advkeras.edge.runtimes.prediction import Prediction


class Recorded:
    """One .tflite file of a bundle, as a device ran it.

    Args:
        path: The .tflite file, the same that lies in the bundle.
        results: device_results.json, which came back from the device.

    Raises:
        ValueError: These are no such results, or hold nothing of this file.
    """

    takes_float = False  # a bundle holds uint8 images

    def __init__(self, path: str | os.PathLike, results: str | os.PathLike):
        self._received = f"Received: results={os.fspath(results)!r}"
        found = read_results(results)
        manifest = found["manifest"]
        digest = files.sha256(path)
        variant = next(
            (
                name
                for name, model in manifest["models"].items()
                if manifest["files"][model["file"]] == digest
            ),
            None,
        )
        if variant is None or "outputs" not in found["models"][variant]:
            raise ValueError(
                f"`results` must hold what {Path(path).name} gave on a device. "
                f"{self._received}"
            )
        model = found["models"][variant]
        self.version = f"{found['runtime']} on {found['device']['machine']}"
        self.input: dict[str, Any] = model["input"]
        self._bounds = tuple(manifest["bounds"])
        self._latencies = np.array(model["latencies"])
        self._outputs = {
            digest: row
            for one in manifest["sets"]
            for digest, row in zip(
                one["image_sha256"],
                decode(model["outputs"][one["name"]]),
                strict=True,
            )
        }

    def __enter__(self) -> "Recorded":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def predict(self, images: Any) -> Prediction:
        """Returns what the device made of these images, once rounded to uint8.

        Raises:
            ValueError: The device was not shown one of them.
        """
        shape = tuple(self.input["shape"][1:])
        images = checks.check_images(images, None, shape)
        rounded = pixels.to_uint8(images, self._bounds)
        digests = [image_sha256(image) for image in rounded]
        for i, digest in enumerate(digests):
            if digest not in self._outputs:
                raise ValueError(
                    "`images` must be those of the bundle, which has not "
                    f"images[{i}]. {self._received}"
                )
        return Prediction.of(np.stack([self._outputs[d] for d in digests]))

    def latencies(self, images: Any) -> np.ndarray:
        """Returns milliseconds an image, as taken on the device, (n,)."""
        return self._latencies


def image_sha256(image: np.ndarray) -> str:
    """Returns the SHA-256 of the pixels of a uint8 image, in hex."""
    return hashlib.sha256(image.tobytes()).hexdigest()


def decode(values: dict[str, Any]) -> np.ndarray:
    """Returns an array that JSON holds as dtype, shape and base64."""
    raw = base64.b64decode(values["base64"])
    return np.frombuffer(raw, values["dtype"]).reshape(values["shape"])


def read_results(path: str | os.PathLike) -> dict[str, Any]:
    """Reads device_results.json.

    Raises:
        ValueError: There is no such file, or it is something else.
    """
    try:
        found = files.read_json(path)
        found["models"], found["device"]["machine"], found["runtime"]
        found["manifest"]["sets"], found["manifest"]["models"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "`results` must be a device_results.json, as run_on_device.py "
            f"writes it. Received: results={os.fspath(path)!r} "
            f"({type(error).__name__}: {error})"
        ) from error
    return found
