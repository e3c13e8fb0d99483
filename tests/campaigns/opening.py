"""Opens files in another process, one after the other; says how each ends."""

import multiprocessing
import resource
import warnings
from pathlib import Path

import numpy as np

import advkeras as ak
from advkeras.edge import devices
from advkeras.edge.runtimes import device

_ADDRESSES = 6 << 30  # bytes that a process may have beside what it begins with
_MOST = 1 << 20  # pixels of an image that is worth while


def model(path):
    """Loads a model, asks it, attacks it."""
    classifier = ak.load(path, bounds=(0.0, 1.0))
    shape = classifier.image_shape
    if None in shape or np.prod(shape) > _MOST:
        return
    images = np.full((2, *shape), 0.5, np.float32)
    classifier.predict(images)
    ak.attacks.FGSM(0.1)(classifier, images, labels=[0, 1])


def result(path):
    """Reads what an attack saved; summarises it."""
    found = ak.attacks.AttackResult.load(path)
    ak.evaluation.success_rates(found)


def images(path):
    """Reads images and labels."""
    for one in ak.datasets.load(str(path), ("train", "test")):
        one.sample(5, seed=0)


def run(folder):
    """Opens the folder of a run; reads what is done of it."""
    found = ak.report.Run(folder, {"seed": 0})
    found.once("rows", lambda: None, of={"a": 1})


def results_of_device(path):
    """Reads what came back from a device; compares it."""
    devices.compare([path])


OPEN = {
    ".tflite": model,
    ".keras": model,
    ".h5": model,
    ".npz of a result": result,
    ".npz of images": images,
    "card": ak.models.read_card,
    "file of a run": run,
    "file of a bundle": device.read_manifest,
    "device_results.json": results_of_device,
}


def how_it_ends(read, path):
    """Returns "read", "refused", or a sentence of what is wrong."""
    try:
        read(path)
    except ValueError as error:
        said = str(error)
        if "\n" in said or "Received: " not in said:
            return f"said otherwise: {type(error).__name__}: {said[:300]!r}"
        return "refused"
    except Exception as error:
        return f"raised {type(error).__name__}: {str(error)[:300]!r}"
    return "read"


def serve(connection):
    """Opens what is sent, until the other end closes."""
    warnings.simplefilter("ignore")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    connection.send("ready")
    while True:
        try:
            read, path = connection.recv()
        except EOFError:
            return
        connection.send(how_it_ends(read, path))


class Opener:
    """A process that opens files, and a new one after it crashed or hung.

    Args:
        seconds: For one file.
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def open(self, read, path):
        """Returns as `how_it_ends`, or that the process crashed or hung.

        Args:
            read: A function of a module.
            path: What it is given.
        """
        if self._process is None:
            self._begin()
        self._connection.send((read, path))
        if not self._connection.poll(self._seconds):
            self._end()
            return f"no answer within {self._seconds} s"
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self._end()
            return f"crashed: {code}"

    def _begin(self):
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=serve, args=(other,), daemon=False
        )
        self._process.start()
        other.close()
        self._connection.recv()  # what it imports takes a while

    def _end(self):
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None
