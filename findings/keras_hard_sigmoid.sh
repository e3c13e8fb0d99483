#!/usr/bin/env bash
# Of a Keras 2 file with "hard_sigmoid", Keras 3 computes another function.
#
# Of: keras 3.15.1, given a file by tf-keras 2.21.0 (which is Keras 2), both on
#   tensorflow-cpu 2.21.0.
# Expected: load_model of a Keras 2 .h5 file gives a model of the same outputs,
#   or an error.
# Happens: it loads, without a warning, and gives other outputs. The name stands
#   for clip(0.2 x + 0.5, 0, 1) in Keras 2 and for relu6(x + 3) / 6 in Keras 3.
# Hits: old models under evaluation: accuracy, and robustness too, are those of
#   another network. Its gradient differs as well: between 2.5 and 3 it is 0 in
#   the one and 1/6 in the other, where masking of gradients is looked for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
# It names tensorflow as its dependency, whose other build we have.
"$dir/venv/bin/pip" install -q --no-deps tf-keras==2.21.0
cat >"$dir/run.py" <<'PYTHON'
import sys, warnings

import keras
import numpy as np
import tf_keras

path = sys.argv[1] + "/model.h5"
tf_keras.utils.set_random_seed(0)
old = tf_keras.Sequential([
    tf_keras.Input((20,)),
    tf_keras.layers.Dense(32, "hard_sigmoid", kernel_initializer=(
        tf_keras.initializers.RandomNormal(stddev=0.5))),
    tf_keras.layers.Dense(10, "softmax", kernel_initializer=(
        tf_keras.initializers.RandomNormal(stddev=1))),
])
old.save(path)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    new = keras.models.load_model(path, compile=False)
x = np.random.default_rng(0).normal(size=(1000, 20)).astype("float32")
before, after = old.predict(x, verbose=0), new.predict(x, verbose=0)
pairs = zip(old.get_weights(), new.get_weights(), strict=True)
weights = all(np.array_equal(a, b) for a, b in pairs)
labels = int((before.argmax(1) != after.argmax(1)).sum())
print(f"same weights: {weights}; warnings: {len(said)}; largest difference of "
      f"a probability: {np.abs(before - after).max():.3f}; other labels: "
      f"{labels} of {len(x)}")
points = np.array([-2.75, -1, 0, 1, 2.75], "float32")
for name, package in (("Keras 2", tf_keras), ("Keras 3", keras)):
    values = np.array(package.activations.hard_sigmoid(
        package.backend.constant(points) if package is tf_keras else points))
    print(f"{name}: hard_sigmoid of {points} is {values.round(3)}")
changed = not weights or said or labels < 5
sys.exit("it behaves differently now" if changed else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" "$dir" \
    2>"$dir/log" || { cat "$dir/log"; exit 1; }
