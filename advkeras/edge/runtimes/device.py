"""Recorded: what came back from a device, as if the device were here."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras.edge import pixels
from advkeras.edge.runtimes.prediction import Prediction
from advkeras.edge.runtimes.prediction import images_for
from advkeras.edge.standalone import run_on_device

FORMAT = 1  # of manifest.json and of device_results.json
_DTYPES = ("float16", "float32", "int8", "uint8", "int16", "int32")


class Recorded:
    """One .tflite file of a bundle, as a device ran it.

    Args:
        path: The .tflite file, the same that lies in the bundle.
        results: device_results.json, which came back from the device.

    Attributes:
        input: The model's input: dtype, shape, scale, zero_point.
        output: The model's output, likewise.
        version: Package and version that ran the file, and the processor.

    Raises:
        ValueError: These are no such results, or hold nothing of this file.
    """

    takes_float = False  # a bundle holds uint8 images

    def __init__(self, path: str | os.PathLike, results: str | os.PathLike):
        self._received = f"Received: results={os.fspath(results)!r}"
        found = read_results(results)
        manifest = found["manifest"]
        digest = files.sha256(path)
        variants = [
            name
            for name, model in manifest["models"].items()
            if manifest["files"][model["file"]] == digest
        ]
        model = found["models"][variants[0]] if variants else {}
        if "outputs" not in model:
            why = model.get("error", "its SHA-256 is not in the bundle")
            raise ValueError(
                f"`results` must hold what {Path(path).name} gave on a device. "
                f"{self._received} ({why})"
            )
        self.version = f"{found['runtime']} on {found['device']['machine']}"
        self.input: dict[str, Any] = model["input"]
        self.output: dict[str, Any] = model["output"]
        self._bounds = checks.check_bounds(manifest["bounds"])
        self._latencies = np.array(model["latencies"], float)
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
        images = images_for(images, shape)
        rounded = pixels.to_uint8(images, self._bounds)
        digests = [image_sha256(image) for image in rounded]
        for i, digest in enumerate(digests):
            if digest not in self._outputs:
                raise ValueError(
                    "`images` must be those of the bundle, which has not "
                    f"images[{i}]. {self._received}"
                )
        rows = np.stack([self._outputs[digest] for digest in digests])
        return Prediction.of(rows, self.output)

    def latencies(self, images: Any) -> np.ndarray:
        """Returns milliseconds an image, as taken on the device, (n,).

        Args:
            images: Not looked at: the device took the time of its own.
        """
        del images
        return self._latencies


def image_sha256(image: np.ndarray) -> str:
    """Returns the SHA-256 of the pixels of a uint8 image, in hex."""
    return hashlib.sha256(image.tobytes()).hexdigest()


def decode(values: dict[str, Any]) -> np.ndarray:
    """Returns an array that JSON holds as dtype, shape and base64.

    Raises:
        ValueError: They do not fit each other, or the dtype is no model's.
    """
    if values["dtype"] not in _DTYPES:
        raise ValueError(f"dtype {values['dtype']!r}")
    return run_on_device.decode(values)


def read_manifest(folder: str | os.PathLike) -> dict[str, Any]:
    """Returns the manifest of a bundle, a folder, whose files are whole.

    Raises:
        ValueError: The folder is none, or a file of it was changed.
    """
    with files.reading(
        "folder", folder, "a bundle, as `write_bundle` writes it"
    ):
        manifest = run_on_device.check_files(Path(folder))
        _check_manifest(manifest)
        return dict(manifest)


def read_results(path: str | os.PathLike) -> dict[str, Any]:
    """Reads device_results.json.

    Raises:
        ValueError: There is no such file, or it is something else.
    """
    with files.reading(
        "results", path, "a device_results.json, as run_on_device.py writes it"
    ):
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        _check_results(found)
        return dict(found)


def _check_manifest(manifest: dict[str, Any]) -> None:
    # Raises an error of whatever kind unless it is a bundle's.
    _check(manifest["format"] == FORMAT, f"format {manifest['format']!r}")
    _check_sum(manifest, "manifest.json")
    checks.check_bounds(manifest["bounds"])
    hashed, models = manifest["files"], manifest["models"]
    sets = {one["name"]: one for one in manifest["sets"]}
    _check(bool(sets) and bool(models), "no images or no models")
    _check(len(sets) == len(manifest["sets"]), "two sets of one name")
    for one in [*models.values(), *sets.values()]:
        _check(isinstance(hashed[one["file"]], str), "files")
    for name, model in models.items():
        for end in ("input", "output"):
            if end in model:
                _check_tensor(model[end], f"{end} of {name!r}")
    for name, one in sets.items():
        rows = [one["labels"], one["source_labels"], one["image_sha256"]]
        if one["fooled"] is not None:
            rows.append(one["fooled"])
        _check(
            len(rows[0]) > 0
            and all(isinstance(row, list) for row in rows)
            and len({len(row) for row in rows}) == 1
            and all(isinstance(v, int) for r in rows[:2] for v in r)
            and all(v in (0, 1) for v in one["fooled"] or ())
            and _all_texts(rows[2])
            and isinstance(one["pixels"], str)
            and isinstance(one["attack"], (str, type(None)))
            and (one["fooled"] is None) == (one["attack"] is None),
            f"set {name!r}",
        )
        if one["overshoot"] is not None:
            checks.check_positive("overshoot", one["overshoot"])
    _check(_all_texts(manifest["versions"].values()), "versions")
    names = manifest.get("class_names")
    _check(
        names is None or (isinstance(names, list) and _all_texts(names)),
        "class_names",
    )
    for runtime, variants in manifest["expected"].items():
        _check(set(variants) <= set(models), f"models of {runtime}")
        for name, outputs in variants.items():
            _check_outputs(outputs, sets, models[name])
    for one in manifest["skipped"]:
        _check({"variant", "runtime", "reason"} <= set(one), "skipped")


def _check_sum(values: dict[str, Any], name: str) -> None:
    same = values["sha256"] == run_on_device.digest_of(values)
    _check(same, f"the SHA-256 of {name}")


def _check_results(found: dict[str, Any]) -> None:
    _check(found["format"] == FORMAT, f"format {found['format']!r}")
    _check_sum(found, "device_results.json")
    manifest = found["manifest"]
    _check_manifest(manifest)
    texts = [found["runtime"], *found["device"].values()]
    _check(_all_texts(texts), "device, runtime")
    _check("machine" in found["device"], "device")
    checks.check_count("threads", found["threads"])
    _check(set(found["models"]) == set(manifest["models"]), "models")
    sets = {one["name"]: one for one in manifest["sets"]}
    for name, model in found["models"].items():
        if "error" in model:
            continue
        _check_outputs(model["outputs"], sets, model)
        host = manifest["models"][name].get("output", model["output"])
        _check(host["shape"] == model["output"]["shape"], f"output of {name!r}")
        times = np.array(model["latencies"], float)
        _check(
            times.ndim == 1
            and times.size > 0
            and bool(np.isfinite(times).all())
            and bool((times >= 0).all()),
            f"latencies of {name!r}",
        )
        for end in (model["input"], model["output"]):
            _check_tensor(end, name)


def _check_tensor(tensor: dict[str, Any], what: str) -> None:
    shape, scale = tensor["shape"], tensor["scale"]
    zero_point = tensor["zero_point"]
    _check(
        tensor["dtype"] in _DTYPES
        and isinstance(shape, list)
        and all(isinstance(size, int) for size in shape)
        and (scale is None or isinstance(scale, (int, float)))
        and (zero_point is None or isinstance(zero_point, int)),
        what,
    )


def _check_outputs(
    outputs: dict[str, Any], sets: dict[str, Any], model: dict[str, Any]
) -> None:
    classes = model["output"]["shape"][-1]
    _check(set(outputs) == set(sets), "outputs for every set")
    for name, values in outputs.items():
        shape = (len(sets[name]["labels"]), classes)
        _check(decode(values).shape == shape, f"outputs for {name!r}")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"not as it should be: {what}")


def _all_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
