"""What two workers of one thread do in the time of one, and what units cost.

    python -m tests.work.throughput X

X is a folder, new. L-BFGS on MNIST's test images and two nets: units of each
model first, which load and trace; then the same units by one worker and by two,
in turns. Prints the medians of both, and their ratio. Then the units of one net
in this process beside one call of the attack on all of their images, in turns,
for shards of several sizes.
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
IMAGES, SIZE = 2048, 256
MODELS = ("m1", "m2")
MANY = 4096
SHARDS = (256, 512, 1024)


def units(folder, models, images, size=SIZE):
    """Returns units of L-BFGS on some images."""
    data = ak.datasets.load("mnist", "test")
    made = shards.of_sample(data, images, size=size)
    attacks = {"lbfgs": ak.attacks.LBFGS()}
    plan = work.Plan.begun(folder)
    job = TransferJob(plan, models, attacks, made, None, 0)
    return list(job.attack_units("lbfgs"))


def beside_one_call(folder):
    """Prints what units cost beside one call on all of their images."""
    model = ak.load("m1")
    data = ak.datasets.load("mnist", "test")
    shown = data.sample(MANY)
    ak.attacks.LBFGS()(model, *data.sample(512))  # traces
    times = {size: [] for size in (None, *SHARDS)}
    for i in range(REPEATS):
        for size, taken in times.items():
            if size is None:
                start = time.perf_counter()
                ak.attacks.LBFGS()(model, *shown)
            else:
                place = folder / f"alone-{size}-{i}"
                todo = units(place, {"m1": model}, MANY, size)
                start = time.perf_counter()
                work.perform(todo, {"m1": model}, work.engine())
            taken.append(time.perf_counter() - start)
    whole = statistics.median(times.pop(None))
    for size, taken in times.items():
        print(
            f"{MANY} images in units of {size}: {statistics.median(taken):.2f} "
            f"s, one call {whole:.2f} s: {statistics.median(taken) / whole:.2f}"
        )


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
    beside_one_call(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
