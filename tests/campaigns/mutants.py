"""Files by the thousand that something was done to: how does reading end?

Each is opened in another process, which a crash would end. What is refused is
refused in one line; what is read may be read wrongly, where no sum is kept.
"""

import collections
import concurrent.futures
import dataclasses
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import advkeras as ak
from tests import mutations
from tests.campaigns import opening
from tests.campaigns.row import Row
from tests.edge import bundles

SECONDS = 60  # for one file


def models(folder):
    """A small net trained on digits, in each format."""
    digits = ak.datasets.load("mnist5k", "train[:400]")
    network = ak.models.build("fc10", seed=0)
    recipe = ak.training.Recipe("lbfgs", epochs=5)
    ak.training.train(network, digits.images, digits.labels, recipe)
    for suffix in (".keras", ".h5"):
        network.save(folder / f"net{suffix}")
    names = ("float32", "dynamic", "int8")
    ak.edge.export(network, folder, names, digits.images[:100])


def result(folder):
    images, labels = ak.datasets.load("mnist5k", "test").sample(4, seed=0)
    network = ak.models.build("fc10", seed=0)
    ak.attacks.FGSM(0.1)(network, images, labels).save(folder / "fgsm.npz")


def images(folder):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (20, 6, 6, 1), np.uint8)
    labels = np.arange(20) % 3
    np.savez(
        folder / "images.npz",
        x_train=pixels,
        y_train=labels,
        x_test=pixels,
        y_test=labels,
    )


def card(folder):
    network = ak.models.build("fc10", seed=0)
    known = {
        "network": "fc10",
        "dataset": "mnist5k",
        "split": "train",
        "test_split": "test",
        "test_error": 0.9,
        "bounds": [0.0, 1.0],
        "class_names": [str(i) for i in range(10)],
    }
    ak.models.save_with_card(network, folder / "net.keras", known)


def run(folder):
    found = ak.report.Run(folder, {"seed": 0})
    found.once("rows", lambda: {"n": [1, 2, 3]}, of={"a": 1})


def bundle(folder):
    models(folder)
    bundles.make(
        folder / "bundle",
        ak.load(folder / "net.keras"),
        {"int8": folder / "int8.tflite"},
        overshoots=(1.0,),
    )


def results(folder):
    bundle(folder)
    manifest = opening.device.read_manifest(folder / "bundle")
    answers = bundles.answers(manifest)
    bundles.write(folder / "device_results.json", answers)


def signed(content, dice):
    """Changes a value of JSON whose own sum then holds again."""
    changed = mutations.value_changed(content, dice)
    return mutations.json.dumps(
        bundles.signed(mutations.json.loads(changed))
    ).encode()


@dataclasses.dataclass(frozen=True)
class Kind:
    """Files of a kind, and what is done to them.

    Attributes:
        whole: How many of them, of 10,000.
        make: Makes a folder that holds them.
        changed: Which files in it are changed, as a pattern.
        how: The ways.
        given: What is opened, relative to the folder; None for the file.
    """

    whole: int
    make: Callable[[Path], None]
    changed: str
    how: tuple[Callable, ...] = mutations.MUTATIONS
    given: str | None = None

    def given_of(self, path, folder):
        """Returns what is opened when a file of a folder was changed."""
        return path if self.given is None else folder / self.given


KINDS = {
    ".tflite": Kind(2000, models, "*.tflite"),
    ".keras": Kind(1500, models, "*.keras", mutations.ARCHIVE),
    ".h5": Kind(1500, models, "*.h5"),
    ".npz of a result": Kind(1500, result, "*.npz", mutations.ARCHIVE),
    ".npz of images": Kind(500, images, "*.npz", mutations.ARCHIVE),
    "card": Kind(1000, card, "*.json", mutations.JSON, "net.keras"),
    "file of a run": Kind(500, run, "**/*.json", mutations.JSON, "."),
    "file of a bundle": Kind(1000, bundle, "bundle/**/*", given="bundle"),
    "device_results.json": Kind(
        500,
        results,
        "device_results.json",
        (*mutations.JSON, *[signed] * len(mutations.JSON)),
    ),
}


def run_kind(name, n, seed, folder):
    """Opens n mutants of a kind; returns its row."""
    kind = KINDS[name]
    whole = folder / name.strip(".").replace(" ", "-")
    whole.mkdir()
    kind.make(whole)
    files = sorted(p for p in whole.glob(kind.changed) if p.is_file())
    dice = random.Random(f"{name} {seed}")
    read = opening.OPEN[name]
    ends, failures, slowest = collections.Counter(), [], 0.0
    with opening.Opener(SECONDS) as opener:
        for path in files:
            end = opener.open(read, kind.given_of(path, whole))
            if end != "read":
                raise RuntimeError(f"{path.name} before it is changed: {end}")
        for i in range(n):
            path = dice.choice(files)
            how = dice.choice(kind.how)
            content = path.read_bytes()
            path.write_bytes(how(content, dice))
            start = time.monotonic()
            end = opener.open(read, kind.given_of(path, whole))
            slowest = max(slowest, time.monotonic() - start)
            if end in ("read", "refused"):
                ends[end] += 1
            else:
                failures.append(f"{i}, {path.name}, {how.__name__}: {end}")
                kept = folder / "failed" / f"{whole.name}-{i}-{path.name}"
                kept.parent.mkdir(exist_ok=True)
                shutil.copy(path, kept)
            path.write_bytes(content)
    found = ", ".join(f"{v:,} {k}" for k, v in sorted(ends.items()))
    found += f"; the slowest {slowest:.1f} s"
    return Row(f"changed files: {name}", n, tuple(failures), found)


def run_all(share, seed, folder):
    """Opens mutants of all kinds, two at a time; see `tests.campaigns`."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(run_kind, name, round(share * kind.whole), seed, folder)
            for name, kind in KINDS.items()
        ]
        return [future.result() for future in futures]
