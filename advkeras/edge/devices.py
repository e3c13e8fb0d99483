"""What the runtimes of the host and several devices make of one bundle."""

import itertools
import os
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advkeras.edge.outcomes import Outcome
from advkeras.edge.runtimes import device
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate

_ABOUT = ("source", "dataset", "seed", "bounds", "class_names", "command")

# Variant -> executor -> name of the set -> outputs, (n, classes).
_Outputs = dict[str, dict[str, dict[str, np.ndarray]]]


def compare(paths: Sequence[str | os.PathLike]) -> dict[str, Any]:
    """Sets what devices made of one bundle beside the runtimes of the host.

    Args:
        paths: device_results.json files, which came back from devices.

    Returns:
        As JSON values:

        - "bundle": what it was made from.
        - "executors": of each its "name", "kind" ("host" or "device") and
          what is known of it: the host's runtimes, then the devices, named
          after their files.
        - "models": variant -> "results", by executor: its "outcomes", one a
          set of images, and "latency", median and p90 in milliseconds over n
          images, or None; or else "error". And "pairs": for every two
          executors "a" and "b", of n images the rates "equal_labels" and
          "bit_equal", and "largest_difference" of an output, in the units of
          the float model.
        - "differences": every image that two executors label differently:
          "variant", "set", "row", "label" (the true one) and "says", by
          executor.

    Raises:
        ValueError: A file is no such file, or they are of two bundles.
    """
    if not paths:
        raise ValueError("`results` must not be empty. Received: results=[]")
    read = [device.read_results(path) for path in paths]
    for path, one in zip(paths, read, strict=True):
        if one["manifest"] != read[0]["manifest"]:
            raise ValueError(
                "`results` must all be of one bundle. Received: "
                f"{os.fspath(path)!r}, of another than {os.fspath(paths[0])!r}"
            )
    manifest = read[0]["manifest"]
    taken = set(manifest["expected"])
    return _compare(
        manifest,
        {
            _name(path, taken): one
            for path, one in zip(paths, read, strict=True)
        },
    )


def expected(manifest: dict[str, Any]) -> dict[str, Any]:
    """Returns what `compare` does, of the runtimes of the host alone.

    Args:
        manifest: That of a bundle.
    """
    return _compare(manifest, {})


def _name(path: str | os.PathLike, taken: set[str]) -> str:
    stem, number = Path(path).stem, 2
    name = stem
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name)
    return name


def _compare(
    manifest: dict[str, Any], devices: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    outputs = _outputs(manifest, devices)
    models: dict[str, dict[str, Any]] = {
        variant: {
            "results": {
                executor: _result(manifest, devices, variant, executor, found)
                for executor, found in by_executor.items()
            },
            "pairs": _pairs(by_executor, _output(manifest, devices, variant)),
        }
        for variant, by_executor in outputs.items()
    }
    for one in manifest["skipped"]:
        results = models[one["variant"]]["results"]
        results[one["runtime"]] = {"error": one["reason"]}
    for name, found in devices.items():
        for variant, model in found["models"].items():
            if "error" in model:
                models[variant]["results"][name] = {"error": model["error"]}
    versions = manifest["versions"]
    hosts = [
        {"name": name, "kind": "host", "runtime": versions.get(name)}
        for name in manifest["expected"]
    ]
    listed = [
        {
            "name": name,
            "kind": "device",
            "runtime": found["runtime"],
            "threads": found["threads"],
            **found["device"],
        }
        for name, found in devices.items()
    ]
    return {
        "bundle": {
            **{key: manifest.get(key) for key in _ABOUT},
            "versions": versions,
        },
        "executors": hosts + listed,
        "models": models,
        "differences": [
            difference
            for variant, by_executor in outputs.items()
            for one in manifest["sets"]
            for difference in _differences(
                variant, one, by_executor, _output(manifest, devices, variant)
            )
        ],
    }


def _outputs(
    manifest: dict[str, Any], devices: Mapping[str, dict[str, Any]]
) -> _Outputs:
    outputs: _Outputs = {variant: {} for variant in manifest["models"]}
    for variant, by_executor in outputs.items():
        for runtime, variants in manifest["expected"].items():
            if variant in variants:
                by_executor[runtime] = _decoded(variants[variant])
        for name, found in devices.items():
            model = found["models"][variant]
            if "error" not in model:
                by_executor[name] = _decoded(model["outputs"])
    return outputs


def _decoded(sets: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: device.decode(values) for name, values in sets.items()}


def _result(
    manifest: dict[str, Any],
    devices: Mapping[str, dict[str, Any]],
    variant: str,
    executor: str,
    outputs: dict[str, np.ndarray],
) -> dict[str, Any]:
    output = _output(manifest, devices, variant)
    latency = None
    if executor in devices:
        times = devices[executor]["models"][variant]["latencies"]
        latency = {
            "median": float(np.median(times)),
            "p90": float(np.quantile(times, 0.9)),
            "n": len(times),
        }
    outcomes = [
        {
            "set": one["name"],
            **Outcome.of(
                (one["attack"], one["pixels"], one["overshoot"]),
                run_on_device.labels_of(outputs[one["name"]], output),
                np.array(one["labels"]),
                np.array(one["source_labels"]),
                None
                if one["fooled"] is None
                else np.array(one["fooled"], bool),
            ).to_json(),
        }
        for one in manifest["sets"]
    ]
    return {"outcomes": outcomes, "latency": latency}


def _output(
    manifest: dict[str, Any],
    devices: Mapping[str, dict[str, Any]],
    variant: str,
) -> dict[str, Any]:
    """Returns what is known of a variant's output: its scale and zero point."""
    known = [manifest["models"][variant]]
    known += [found["models"][variant] for found in devices.values()]
    for model in known:
        if "output" in model:
            return dict(model["output"])
    return {"scale": None, "zero_point": None}


def _pairs(
    by_executor: Mapping[str, Mapping[str, np.ndarray]],
    output: dict[str, Any],
) -> list[dict[str, Any]]:
    pairs, scale = [], float(output["scale"] or 1)
    for a, b in itertools.combinations(by_executor, 2):
        labels, bits, largest = [], [], 0.0
        for name, mine in by_executor[a].items():
            other = by_executor[b][name]
            says = [run_on_device.labels_of(x, output) for x in (mine, other)]
            labels.append(says[0] == says[1])
            bits.append(run_on_device.equal_rows(mine, other))
            with np.errstate(invalid="ignore"):  # infinity from itself
                steps = np.abs(mine.astype(float) - other.astype(float))
            largest = max(largest, scale * float(np.nan_to_num(steps).max()))
        equal = Rate.of(np.concatenate(labels))
        pairs.append(
            {
                "a": a,
                "b": b,
                "n": equal.n,
                "equal_labels": equal.to_json(),
                "bit_equal": Rate.of(np.concatenate(bits)).to_json(),
                "largest_difference": largest,
            }
        )
    return pairs


def _differences(
    variant: str,
    shown: dict[str, Any],
    by_executor: Mapping[str, Mapping[str, np.ndarray]],
    output: dict[str, Any],
) -> list[dict[str, Any]]:
    says = {
        executor: run_on_device.labels_of(sets[shown["name"]], output)
        for executor, sets in by_executor.items()
    }
    if not says:
        return []
    table = np.array(list(says.values()))
    return [
        {
            "variant": variant,
            "set": shown["name"],
            "row": int(row),
            "label": shown["labels"][row],
            "says": {
                executor: int(labels[row]) for executor, labels in says.items()
            },
        }
        for row in np.flatnonzero((table != table[0]).any(axis=0))
    ]
