#!/usr/bin/env bash
# int8 division: the least numerator can give the greatest quotient.
#
# Of: ai-edge-litert 2.3.0 on x86-64, all three of its sets of kernels; the file
#   is from tensorflow-cpu 2.21.0.
# Expected: int8 outputs within a few steps of Keras, so near 0 where the
#   numerator is near 0.
# Happens: where the numerator is one step from 0 and the quotient is a small
#   part of an output step, the output is the end of its range instead, with
#   nothing said. Here a network divides a picture by the mean around each
#   pixel, against uneven light: of the pixels of value 1 (of 255), those on a
#   bright ground come out as the brightest of all. Those of value 0 and 2 are
#   right.
# Hits: int8 networks that divide by something computed, to normalise. What a
#   few wild values do looks like an attack's effect, or hides it; no choice of
#   kernels tells, since all have it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 \
    numpy==2.4.6 ai-edge-litert==2.3.0
cat >"$dir/run.py" <<'PYTHON'
import contextlib, io, sys

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# The left half is dark with bright dots, the right half the other way round.
rng = np.random.default_rng(0)
bright = rng.random((100, 32, 32, 1)) < 0.1
bright ^= np.arange(32)[:, None] >= 16
grey = np.where(bright, rng.integers(200, 256, bright.shape),
                rng.integers(0, 8, bright.shape))
images = (grey / 255).astype("float32")
inputs = keras.Input((32, 32, 1))
around = keras.layers.AveragePooling2D(5, 1, padding="same")(inputs)
model = keras.Model(inputs, inputs / (around + 0.05))
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([i[None]] for i in images)
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
with contextlib.redirect_stdout(io.StringIO()):
    content = converter.convert()
true = model.predict(images, verbose=0)
changed = False
for name in ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"):
    lite = Interpreter(model_content=content,
                       experimental_op_resolver_type=OpResolverType[name])
    lite.allocate_tensors()
    into, out = lite.get_input_details()[0], lite.get_output_details()[0]
    got = []
    for image in images:  # those that it was calibrated on
        lite.set_tensor(into["index"], image[None])
        lite.invoke()
        got.append(lite.get_tensor(out["index"]))
    got = np.concatenate(got)
    wild = np.abs(got - true) > 5
    print(f"{name}: Keras is at most {true.max():.2f}; {wild.sum()} pixels, "
          f"all of value {np.unique(grey[wild])}, are {np.unique(got[wild])} "
          f"in int8, in Keras at most {true[wild].max(initial=0):.4f}")
    changed |= not wild.any() or {*grey[wild]} != {1}
sys.exit("it behaves differently now" if changed else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
