#!/usr/bin/env python3
"""Runs the models of a bundle on this device, and says what still fools them.

    python3 run_on_device.py

Needs Python 3.8 or newer, NumPy, and one of ai_edge_litert, tflite_runtime and
tensorflow. The bundle is the folder that this file lies in; every file of it is
checked against its SHA-256 first, before anything is imported that is not
Python's own, and nothing is imported from that folder. Prints a table a model
and writes device_results.json, which `advkeras edge_report` reads.
"""

# Nothing may be imported from the folder of this file, where Python looks
# first: a bundle that was elsewhere may hold a numpy.py. `sys` is part of
# Python itself, all else is a file, even __future__: hence List, not list.
import sys

if __name__ == "__main__" and not (
    sys.flags.isolated or getattr(sys.flags, "safe_path", False)
):
    del sys.path[0]

import argparse
import base64
import hashlib
import importlib
import json
import multiprocessing
import os
import platform
import time
from concurrent import futures
from pathlib import Path
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any
from typing import Callable
from typing import Dict
from typing import List
from typing import Optional
from typing import Tuple

SCRIPT, MANIFEST = "run_on_device.py", "manifest.json"
# What Python would import, were it asked to.
_CODE = {".py", ".pyc", ".pyd", ".pyw", ".so", ".dll"}
_FORMAT = 1


def digest_of(values: Dict[str, Any]) -> str:
    """Returns the SHA-256 of JSON values by name, but for their "sha256"."""
    rest = {key: value for key, value in values.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_files(folder: Path) -> Dict[str, Any]:
    """Returns the manifest; ValueError unless every file is as it was made.

    Of the manifest itself, too, and of this script. Nothing but the manifest
    is opened other than to take its SHA-256.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest: Dict[str, Any] = json.loads(content)
        if manifest["format"] != _FORMAT:
            raise ValueError("another format")
        listed, sets = dict(manifest["files"]), manifest["sets"]
        used = [one["file"] for one in [*manifest["models"].values(), *sets]]
        for name in sorted({*used, SCRIPT} - set(listed)):
            raise ValueError(f"no SHA-256 of {name}")
        if manifest["sha256"] != digest_of(manifest):
            raise ValueError("it differs in SHA-256; copy it again")
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ValueError(
            f"manifest.json is not that of a bundle ({_one_line(error)})"
        ) from error
    for name, digest in sorted(listed.items()):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{name} lies outside of the bundle")
        if not (folder / name).is_file():
            raise ValueError(f"{name} is missing; copy it again")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} differs in SHA-256; copy it again")
    for found in sorted(folder.rglob("*")):
        name = found.relative_to(folder).as_posix()
        cached = "__pycache__" in found.relative_to(folder).parts
        if found.suffix in _CODE and name not in listed and not cached:
            raise ValueError(f"{name} is none of the bundle; delete it")
    return manifest


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _say(line: str) -> None:
    print(f"run_on_device.py: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    _here = os.path.dirname(os.path.realpath(__file__))
    # As PYTHONPATH may have it, or Python itself where a link led here.
    sys.path[:] = [
        entry for entry in sys.path if os.path.realpath(entry) != _here
    ]
    try:
        check_files(Path(_here))
    except ValueError as error:
        _say(_one_line(error))
        sys.exit(2)

# Only now: nothing but Python's own was needed for the check.
import numpy as np  # noqa: E402

_INTERPRETERS = (
    ("ai_edge_litert", "ai_edge_litert.interpreter"),
    ("tflite_runtime", "tflite_runtime.interpreter"),
    ("tensorflow", "tensorflow.lite.python.interpreter"),
)
NO_ANSWER = -1  # a label, as advkeras.checks has it
_BATCH = 50  # images held as floats at a time
_TIMED = 100  # images whose latency is kept
_Z = 1.959963984540054  # of 95 %


def find_interpreter() -> Tuple[str, str, ModuleType]:
    """Returns (package, version, module) of the first interpreter there is."""
    for package, module in _INTERPRETERS:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        top = sys.modules[package]
        return package, str(getattr(top, "__version__", "unknown")), found
    raise ImportError(f"pip install one of {[p for p, _ in _INTERPRETERS]}")


class Model:
    """A .tflite file, ready to run.

    Args:
        content: Bytes of the file.
        kernels: Which to use, as OpResolverType calls them: "AUTO" for the
            fastest, "BUILTIN_REF" for the reference kernels.
        threads: Threads of the interpreter.
    """

    def __init__(self, content: bytes, kernels: str = "AUTO", threads: int = 1):
        package, version, module = find_interpreter()
        options = {}
        if kernels != "AUTO":
            kind = module.OpResolverType[kernels]
            options["experimental_op_resolver_type"] = kind
        self.runtime = package + " " + version
        self._interpreter = module.Interpreter(
            model_content=content, num_threads=threads, **options
        )
        self._interpreter.allocate_tensors()
        self.input = tensor(self._interpreter.get_input_details())
        self.output = tensor(self._interpreter.get_output_details())
        self._rows = self.input["shape"][0]

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Returns the raw outputs, (n, ...), of inputs of the file's dtype."""
        if not self.input["any_batch"]:
            return in_batches(
                lambda batch: [self._invoke(batch)], inputs, self._rows
            )[0]
        if len(inputs) != self._rows:
            index = self.input["index"]
            self._interpreter.resize_tensor_input(index, inputs.shape)
            self._interpreter.allocate_tensors()
            self._rows = len(inputs)
        return self._invoke(inputs)

    def _invoke(self, inputs: np.ndarray) -> np.ndarray:
        # A recurrent layer goes on from where it was, with the image before.
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self.input["index"], inputs)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self.output["index"])


def in_batches(
    invoke: Callable[[np.ndarray], List[np.ndarray]],
    inputs: np.ndarray,
    rows: int,
) -> List[np.ndarray]:
    """Returns the outputs, (n, ...), of what takes just so many rows at a time.

    The last batch is filled up with its last row, whose answers are dropped.
    """
    found = []
    for start in range(0, len(inputs), rows):
        batch = inputs[start : start + rows]
        n = len(batch)
        filling = np.repeat(batch[-1:], rows - n, axis=0)
        outputs = invoke(np.concatenate([batch, filling]))
        for output in outputs:
            if len(output) % rows:
                raise ValueError(
                    f"it takes {rows} images at a time and returns "
                    f"{output.shape}, which are not rows of each"
                )
        found.append([output[: len(output) // rows * n] for output in outputs])
    return [np.concatenate(parts) for parts in zip(*found)]


def tensor(details: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Returns what has to be known of a model's only input or output."""
    if len(details) != 1:
        raise ValueError("the model must have one input and one output")
    detail = details[0]
    quantization = detail["quantization_parameters"]
    scales = [float(scale) for scale in quantization["scales"]]
    zeros = [int(zero) for zero in quantization["zero_points"]]
    shape = [int(size) for size in detail["shape"]]
    signature = list(detail.get("shape_signature", shape))
    return {
        "index": int(detail.get("index", 0)),
        "dtype": np.dtype(detail["dtype"]).name,
        "shape": shape,
        "any_batch": bool(signature) and int(signature[0]) == -1,
        "scale": scales[0] if scales else None,
        "zero_point": zeros[0] if zeros else None,
    }


def quantize(images: np.ndarray, tensor: Dict[str, Any]) -> np.ndarray:
    """Returns float32 images as a model's input takes them.

    Rounds half to even and clips to what the input's type can hold. Integers
    without a scale stand for themselves. What holds as many values in another
    shape, as (784,) does of (28, 28, 1), becomes of the input's.
    """
    shape = tuple(tensor["shape"][1:])
    if images[0].size == np.prod(shape, dtype=int):
        images = images.reshape(len(images), *shape)
    if np.dtype(tensor["dtype"]).kind not in "iu":
        return np.ascontiguousarray(images, tensor["dtype"])
    limits = np.iinfo(tensor["dtype"])
    scale = np.float32(tensor["scale"] or 1)
    values = np.divide(images, scale, dtype=np.float32)
    np.rint(values, out=values)
    values += tensor["zero_point"] or 0
    np.clip(values, limits.min, limits.max, out=values)
    return values.astype(tensor["dtype"])


def from_uint8(pixels: np.ndarray, bounds: Any) -> np.ndarray:
    """Returns pixels 0 .. 255 as float32 images within (lower, upper).

    Either bound is one number, or both are lists of one for each channel.
    """
    # A plain number leaves float32 what it is.
    lower, upper = (
        end if isinstance(end, (int, float)) else np.array(end)
        for end in bounds
    )
    images = lower + pixels.astype(np.float32) * ((upper - lower) / 255)
    return np.clip(images, lower, upper).astype(np.float32)


def is_scores(shape: Any) -> bool:
    """Whether a shape is (n, classes), or so but for dimensions of 1."""
    return len(shape) > 1 and all(size == 1 for size in shape[1:-1])


def as_scores(outputs: np.ndarray) -> np.ndarray:
    """Returns outputs as (n, classes), if that is what they are."""
    if not is_scores(outputs.shape):
        return outputs
    return outputs.reshape(outputs.shape[0], outputs.shape[-1])


def labels_of(outputs: np.ndarray, tensor: Dict[str, Any]) -> np.ndarray:
    """Returns the first class with the largest score, int64, (n,).

    A single score is the probability of class 1, which is said above a half.
    NO_ANSWER where a score is NaN, or the largest is not finite.

    Args:
        outputs: As they left the model, (n, classes).
        tensor: What has to be known of the model's output.
    """
    largest = outputs.max(axis=1)
    labels = outputs.argmax(axis=1).astype(np.int64)
    if outputs.shape[1] == 1:
        steps = largest.astype(np.float64) - (tensor["zero_point"] or 0)
        labels[steps * (tensor["scale"] or 1) > 0.5] = 1
    if largest.dtype.kind == "f":
        labels[~np.isfinite(largest)] = NO_ANSWER
    return labels


def misread(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns which images were given another label, bool, (n,).

    None that was given no answer: it is not read rightly, nor fools anyone.
    """
    return (predicted != labels) & (predicted != NO_ANSWER)


def judge(
    predicted: np.ndarray, labels: np.ndarray, source: Any, fooled: Any
) -> Dict[str, Any]:
    """Judges what a model predicted, (n,), of one set of images.

    Against the true labels, what the float model says of the same images, and
    which of them fool it (bool), each (n,); None where that is not known. No
    answer is neither right nor wrong.

    Returns:
        Masks, or None: "accuracy", "agreement" with the float model and
        "only_target_wrong" of all images, "survival" of those that fool it.
    """
    wrong, known = misread(predicted, labels), source is not None
    alike = (predicted == source) & (predicted != NO_ANSWER)
    return {
        "accuracy": predicted == labels,
        "agreement": alike if known else None,
        "survival": None if fooled is None else wrong[fooled],
        "only_target_wrong": wrong & (source == labels) if known else None,
    }


def equal_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns which rows of two outputs, (n, classes), are equal bit by bit."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return np.zeros(len(a), bool)
    bits = [np.ascontiguousarray(x).view(np.uint8) for x in (a, b)]
    return (bits[0] == bits[1]).all(axis=1)


def encode(array: np.ndarray) -> Dict[str, Any]:
    """Returns an array as JSON values: dtype, shape and base64."""
    content = base64.b64encode(array.tobytes()).decode("ascii")
    about = {"dtype": array.dtype.name, "shape": list(array.shape)}
    return {**about, "base64": content}


def decode(values: Dict[str, Any]) -> np.ndarray:
    """Returns the array that `encode` was given."""
    content = base64.b64decode(values["base64"], validate=True)
    return np.frombuffer(content, values["dtype"]).reshape(values["shape"])


def timed(model: Any, inputs: np.ndarray) -> Tuple[np.ndarray, List[float]]:
    """Returns outputs, (n, ...), and milliseconds, of one image at a time."""
    outputs, times = [], []
    for i in range(len(inputs)):
        start = time.perf_counter()
        outputs.append(model.run(inputs[i : i + 1]))
        times.append(1e3 * (time.perf_counter() - start))
    return np.concatenate(outputs), times


def latencies(model: Any, inputs: np.ndarray) -> List[float]:
    """Returns milliseconds an image, one image at a time, after a warm-up."""
    timed(model, inputs[:2])
    return timed(model, inputs)[1]


def read_bundle(folder: Path) -> Dict[str, Any]:
    """Returns the manifest of a bundle; ValueError unless it is whole."""
    manifest = check_files(folder)
    try:
        for one in manifest["sets"]:
            if not 0 < len(one["labels"]) == len(one["source_labels"]):
                raise ValueError("no labels of " + one["name"])
        for runs in manifest["expected"].values():
            for outputs in runs.values():
                list(map(decode, outputs.values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"manifest.json is not that of a bundle ({_one_line(error)})"
        ) from error
    return manifest


def run_model(
    folder: Path, manifest: Dict[str, Any], variant: str, threads: int
) -> Dict[str, Any]:
    """Shows every set to one model; returns what results hold of it."""
    file = manifest["models"][variant]["file"]
    model = Model((folder / file).read_bytes(), threads=threads)
    if not is_scores(model.output["shape"]):
        raise ValueError("it must return (n, classes), one score a class")
    outputs: Dict[str, Any] = {}
    times: List[float] = []
    for one in manifest["sets"]:
        pixels = np.load(folder / one["file"], "r", allow_pickle=False)
        if pixels.dtype != np.uint8 or len(pixels) != len(one["labels"]):
            raise ValueError(f"{one['file']} must be uint8, one row a label")
        rows = []
        for start in range(0, len(pixels), _BATCH):
            batch = pixels[start : start + _BATCH]
            images = from_uint8(batch, manifest["bounds"])
            inputs = quantize(images, model.input)
            if not times:  # a warm-up
                timed(model, inputs[:2])
            found, taken = timed(model, inputs)
            rows.append(as_scores(found))
            times += taken
        outputs[one["name"]] = encode(np.concatenate(rows))
    about = {"input": model.input, "output": model.output}
    return {**about, "outputs": outputs, "latencies": times[:_TIMED]}


def apart(*arguments: Any) -> Dict[str, Any]:
    """Returns what `run_model` returns, or {"error": why not, on one line}.

    In a process of its own: an interpreter may crash on what it does not know.
    """
    # Forked where that can be: what is imported need not be so again.
    kind = "fork" if hasattr(os, "fork") else None
    context: Any = multiprocessing.get_context(kind)
    try:
        with futures.ProcessPoolExecutor(1, context) as pool:
            return pool.submit(run_model, *arguments).result()
    except futures.process.BrokenProcessPool:
        return {"error": "the interpreter crashed"}
    except Exception as error:  # whatever it is, the others still run
        return {"error": f"{type(error).__name__}: {_one_line(error)}"}


def describe() -> Dict[str, str]:
    """Returns what this device is, with nothing that names its owner."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    pairs = [line.partition(":") for line in lines]
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    machine = platform.machine()
    processor = facts.get("Model") or facts.get("model name")
    # QEMU may show a program the host's file.
    if machine.startswith(("arm", "aarch")) and "vendor_id" in facts:
        processor = f"emulated on {processor}"
    return {
        "machine": machine,
        "processor": processor or platform.processor() or "unknown",
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def table(
    manifest: Dict[str, Any], variant: str, found: Dict[str, Any]
) -> List[str]:
    """Returns the lines that say what one model made of every set."""
    if "error" in found:
        return [f"{variant}: cannot run here ({found['error']})"]
    median, slow = np.quantile(found["latencies"], (0.5, 0.9))
    time_taken = f"{median:.3g} ms an image (median), {slow:.3g} ms (p90)"
    row = "{:<18} {:>4} {:>14} {:>14} {:>20} {:>4}".format
    lines = [f"{variant}: {time_taken}"]
    lines.append(row("images", "n", "right", "as source", "survival", "only"))
    outputs = {name: decode(v) for name, v in found["outputs"].items()}
    for one in manifest["sets"]:
        fooled = one["fooled"]
        masks = judge(
            labels_of(outputs[one["name"]], found["output"]),
            np.array(one["labels"]),
            np.array(one["source_labels"]),
            None if fooled is None else np.array(fooled, bool),
        )
        of = "" if fooled is None else f" of {sum(fooled)}"
        survival = percent(masks["survival"]) + of
        cells = percent(masks["accuracy"]), percent(masks["agreement"])
        only = int(np.sum(masks["only_target_wrong"]))
        n = len(one["labels"])
        lines.append(row(one["name"], n, *cells, survival, only))
    for runtime, runs in manifest["expected"].items():
        rows = [
            equal_rows(outputs[name], decode(values))
            for name, values in runs.get(variant, {}).items()
        ]
        if rows:
            n, equal = sum(map(len, rows)), sum(map(np.sum, rows))
            lines.append(f"bit-equal to {runtime} on the host: {equal} of {n}")
    return lines


def percent(mask: Optional[np.ndarray]) -> str:
    """Returns a share in percent with its 95 % interval (Wilson's)."""
    if mask is None or not mask.size:
        return "-"
    n, share, z2 = mask.size, mask.mean(), _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * (share * (1 - share) / n + z2 / (4 * n * n)) ** 0.5
    low, high = centre - half / (1 + z2 / n), centre + half / (1 + z2 / n)
    return f"{100 * share:.1f} ({abs(100 * low):.0f}-{100 * high:.0f})"


def main() -> int:
    """Checks the bundle, runs its models, prints and writes what they said."""
    folder = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Runs a bundle's models.")
    beside = folder / "device_results.json"
    parser.add_argument("--output", type=Path, default=beside)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    output, threads = arguments.output, arguments.threads
    try:
        if threads < 1:
            raise ValueError(f"--threads must be 1 or more, not {threads}")
        if output.is_dir() or not os.access(output.resolve().parent, os.W_OK):
            raise ValueError(f"--output cannot be written: {output}")
        manifest = read_bundle(folder)
        package, version, _ = find_interpreter()
    except (ValueError, ImportError) as error:
        _say(_one_line(error))
        return 2
    results: Dict[str, Any] = {
        "format": _FORMAT,
        "manifest": manifest,
        "device": describe(),
        "runtime": f"{package} {version}",
        "threads": threads,
        "models": {},
    }
    print(
        f"{manifest.get('source')} on {results['runtime']}, "
        f"{platform.machine()}. In %, with 95 % intervals.\n"
        "right: as labelled; as source: as the float model; survival: of those "
        "that fool\nthe float model, wrong here too; only: wrong here alone."
    )
    for variant in manifest["models"]:
        sys.stdout.flush()
        _say(f"{variant}, {len(manifest['sets'])} sets of images")
        found = apart(folder, manifest, variant, threads)
        results["models"][variant] = found
        print("", *table(manifest, variant, found), sep="\n")
    results["sha256"] = digest_of(results)
    temporary = output.with_name(output.name + ".part")
    temporary.write_text(json.dumps(results) + "\n", encoding="utf-8")
    os.replace(str(temporary), str(output))
    print(f"\nWritten: {output}")
    if all("error" in model for model in results["models"].values()):
        _say("no model can run here")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
