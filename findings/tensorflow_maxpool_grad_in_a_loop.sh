#!/usr/bin/env bash
# In a loop, TensorFlow gives max-pooling's gradient to a slow kernel, by chance.
#
# Of: tensorflow-cpu 2.21.0, keras 3.15.1, numpy 2.4.6 (x86 with AVX2, oneDNN on, as is
#   the default).
# Expected: a tf.while_loop around a model's gradient runs the kernels that the
#   gradient runs alone: for MaxPool and its gradient those of oneDNN.
# Happens: the pass that puts oneDNN's kernels in goes over a graph in which the loop
#   is a cycle, and takes MaxPoolGrad only where it came to its MaxPool before. Of the
#   same Python function, traced again and again, some traces have oneDNN's for all
#   poolings, some for a few, some for none, and keep that as long as they live (17 of
#   36 went without). The other kernel takes some 20 times as long (2.3 and 0.12 ms). A
#   gradient in a tf.function of its own, with the attribute "_noinline", always has
#   oneDNN's.
# Hits: PGD and all that climbs in a compiled loop, on networks with max-pooling: the
#   same program is slower, or is not, from start to start (of an L-BFGS on a net with
#   three poolings the kernel took 16 % of the time); and whoever times two attacks
#   compares two throws of dice.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
cat >"$dir/run.py" <<'PYTHON'
import collections, pathlib, sys, tempfile

import keras
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

layers = [keras.Input((32, 32, 3))]
for filters in (16, 32, 64):
    layers += [
        keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
    ]
net = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(10)])
images = tf.random.stateless_uniform((64, 32, 32, 3), (0, 0))
labels = tf.zeros(64, tf.int64)


def gradient(images):
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(images))
    return tape.gradient(loss, images)


def climbing(gradient):
    """A new trace of four steps up."""
    @tf.function(autograph=False)
    def climb(images):
        return tf.while_loop(
            lambda i, _: i < 4,
            lambda i, images: (i + 1, images + 0.01 * tf.sign(gradient(images))),
            (0, images))[1]
    return climb


def kernels(function):
    """Milliseconds of each kernel of MaxPoolGrad that ran."""
    function(images)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        function(images)
        tf.profiler.experimental.stop()
        (path,) = pathlib.Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    took = collections.defaultdict(list)
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            kernel = plane.event_metadata[event.metadata_id].name.split(":")[-1]
            if kernel.endswith("MaxPoolGrad"):
                took[kernel].append(event.duration_ps / 1e9)
    return took


def told(what, functions):
    """Counts the poolings that have each kernel, over all traces."""
    ran = [kernels(function) for function in functions]
    steps = 4
    counts, times = collections.Counter(), collections.defaultdict(list)
    for took in ran:
        for kernel, all_ in took.items():
            counts[kernel] += len(all_) // steps
            times[kernel] += all_
    for kernel, n in sorted(counts.items()):
        middle = sorted(times[kernel])[len(times[kernel]) // 2]
        print(f"{what}: {n} of {3 * len(ran)} poolings by {kernel}, {middle:.2f} ms")
    return counts


within = told("in the loop", [climbing(gradient) for _ in range(12)])
own = tf.function(gradient, autograph=False,
                  experimental_attributes={"_noinline": True})
apart = told("in a function of its own", [climbing(own) for _ in range(12)])
sys.exit("it behaves differently now"
         if not within["MaxPoolGrad"] or apart["MaxPoolGrad"] else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { tail -3 "$dir/log"; exit 1; }
