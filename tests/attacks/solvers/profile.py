"""Where the time of a call of LBFGS() goes.

    python -m tests.attacks.solvers.profile MODEL IMAGES [DATA SET]

Prints how long calls take beside their gradients alone: medians, in turns. Then
TensorFlow profiles another, of which the operations that took longest are
printed: those of TensorFlow by their place in the graph, and those that XLA
made by its names for them ("dot", "fusion"). They run side by side.
"""

import collections
import sys
import tempfile
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

import advkeras as ak
from advkeras.benchmark import timing
from advkeras.benchmark.suites import bare

SHOWN = 30
REPEATS = 5
PASSES = 20  # over the images, for one that is timed
SLOTS = ak.attacks.LBFGS.default_batch_size
COMPILED = "Compiler::RunBackend"  # each time that XLA compiles
# Of what holds others: the executors, and calls of functions.
AROUND = (
    "Execut",
    "TFE_",
    "KernelAndDevice",
    "function",
    "_finish",
    "_exchange",
    "BlockUntilReady",
    "ParallelFor",
    "FunctionRun",
)


def profiled(run):
    """Returns the seconds and the calls of each operation, by its name."""
    seconds, calls = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        run()
        tf.profiler.experimental.stop()
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace()
        space.ParseFromString(path.read_bytes())
    for plane in space.planes:
        names = {key: one.name for key, one in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name = names[event.metadata_id]
                seconds[name] += event.duration_ps / 1e12
                calls[name] += 1
    return seconds, calls


def main(model, images, data="mnist"):
    """Times calls, profiles one, and prints what took longest."""
    classifier = ak.load(model)
    shown, labels = ak.datasets.load(data, "test").sample(images)
    attack = ak.attacks.LBFGS()
    _, calls = profiled(lambda: attack(classifier, shown, labels))
    compiled = sum(n for name, n in calls.items() if name.endswith(COMPILED))
    gradient = bare.gradient(classifier)
    batches = [
        (tf.constant(shown[i : i + SLOTS]), tf.constant(labels[i : i + SLOTS]))
        for i in range(0, images, SLOTS)
    ]
    calls = {
        "gradient": lambda: [
            gradient(*b) for _ in range(PASSES) for b in batches
        ],
        "attack": lambda: attack(classifier, shown, labels),
    }
    times = timing.interleaved(calls, REPEATS)
    result = times.returned["attack"]
    one = times.median("gradient") / PASSES
    whole, used = times.median("attack"), result.gradient_evaluations.mean()
    print(
        f"{1e6 * whole / images:.0f} us an image, {used:.1f} gradients: "
        f"{whole / one / used:.2f} times theirs, {1e6 * one / images:.2f} us"
    )
    print(f"{compiled} compiled by XLA in the first call")
    seconds, calls = profiled(calls["attack"])
    inside = 1e3 * seconds["TFE_Py_ExecuteCancelable"]
    print(f"{inside:.0f} ms of one more in TensorFlow, of which")
    held = {k: s for k, s in seconds.items() if not any(w in k for w in AROUND)}
    for name in sorted(held, key=held.get, reverse=True)[:SHOWN]:
        print(f"{1e3 * held[name]:8.2f} ms in {calls[name]:5}: {name}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
