#!/usr/bin/env bash
# LiteRT's reference kernels sum int8 tensors without regard to their scale.
#
# Of: ai-edge-litert 2.3.0; the file is from tensorflow-cpu 2.21.0.
# Expected: OpResolverType.BUILTIN_REF, the plain kernels that one takes as the
#   yardstick for the fast ones, gives what those give up to a step or two.
# Happens: for a sum over int8 activations the fast kernels, with and without
#   XNNPACK, are within a step of Keras; the reference kernels raise nothing
#   and are off by up to half of the range.
# Hits: whoever tells apart "int8 did it" and "the fast kernels did it" by a
#   run of the reference kernels: sum pooling, attention, L2 normalisation.
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

images = np.random.default_rng(0).normal(size=(100, 8, 8, 3)).astype("float32")
inputs = keras.Input((8, 8, 3))
model = keras.Model(inputs, keras.ops.sum(inputs, (1, 2)))
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([i[None]] for i in images)
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_output_type = tf.int8
with contextlib.redirect_stdout(io.StringIO()):
    content = converter.convert()
true = model.predict(images, verbose=0)
worst = {}
for name in ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"):
    lite = Interpreter(model_content=content,
                       experimental_op_resolver_type=OpResolverType[name])
    lite.allocate_tensors()
    into, out = lite.get_input_details()[0], lite.get_output_details()[0]
    scale, zero = out["quantization"]
    got = []
    for image in images:  # those that it was calibrated on
        lite.set_tensor(into["index"], image[None])
        lite.invoke()
        got.append(lite.get_tensor(out["index"]))
    got = (np.concatenate(got).astype("float32") - zero) * scale
    worst[name] = np.abs(got - true).max() / scale
    print(f"{name:34} first image: {got[0].round(1)}, Keras {true[0].round(1)};"
          f" largest error {worst[name]:.1f} steps")
fast = max(worst["AUTO"], worst["BUILTIN_WITHOUT_DEFAULT_DELEGATES"])
changed = fast > 3 or worst["BUILTIN_REF"] < 20
sys.exit("it behaves differently now" if changed else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
