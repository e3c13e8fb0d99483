"""What two workers of one thread do in the time of one such worker.

    python -m tests.work.throughput X

X is a folder, new. L-BFGS on MNIST's test images and two nets: units of each
model first, which load and trace; then the same units by one worker and by two,
in turns. Prints the medians of both, and their ratio.
"""

import itertools
import statistics
import sys
import time
from pathlib import Path

import advkeras as ak
from advkeras import work
from advkeras.datasets import shards
from advkeras.evaluation.transfer_job import TransferJob
from advkeras.work.engines.local import Processes

REPEATS = 3
IMAGES = 8 * shards.SIZE
MODELS = ("m1", "m2")


def units(folder, models, images):
    """Returns units of L-BFGS on some images."""
    data = ak.datasets.load("mnist", "test")
    made = shards.of_sample(data, images)
    attacks = {"lbfgs": ak.attacks.LBFGS()}
    job = TransferJob(folder, models, attacks, made, None, 0)
    return list(job.attack_units("lbfgs"))


def main(folder):
    models = {name: ak.load(name) for name in MODELS}
    engines = {n: Processes(n, 1) for n in (1, 2)}
    times = {n: [] for n in engines}
    names = (folder / str(i) for i in itertools.count())
    for n, engine in engines.items():
        # As many as it takes for each worker to have each model.
        work.perform(units(next(names), models, n * 512), models, engine)
    for _ in range(REPEATS):
        for n, engine in engines.items():
            todo = units(next(names), models, IMAGES)
            start = time.perf_counter()
            work.perform(todo, models, engine)
            times[n].append(time.perf_counter() - start)
            print(n, f"{times[n][-1]:.2f} s", flush=True)
    for engine in engines.values():
        engine.close()
    one, two = (statistics.median(times[n]) for n in engines)
    per = one / (IMAGES * len(MODELS))
    print(
        f"one worker {one:.2f} s ({1e3 * per:.2f} ms an image and model), two "
        f"{two:.2f} s: {one / two:.2f} times the throughput"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
