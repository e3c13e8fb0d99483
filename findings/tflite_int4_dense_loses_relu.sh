#!/usr/bin/env bash
# A Dense layer that Keras quantised to int4 loses its ReLU in a .tflite file.
#
# Of: tensorflow-cpu 2.21.0 (its TFLite converter), keras 3.15.1; the file is
#   run by ai-edge-litert 2.3.0.
# Expected: a float32 file gives what the Keras model gives, but for rounding,
#   as it does for the same layer that is not quantised.
# Happens: conversion and inference succeed, and outputs are negative. Where the
#   kernel is unpacked when the model runs (here it has more blocks than one),
#   the product is a BATCH_MATMUL; the converter fuses the ReLU into it, and
#   that operator has no activation. max(output, 0) is what Keras gives.
# Hits: whoever quantises with Keras first and exports then. Also any
#   relu(a @ b) of two computed matrices. A net without its ReLUs may still
#   classify, and is attacked, and trusted, as if it were the one trained.
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
from ai_edge_litert.interpreter import Interpreter

images = np.random.default_rng(0).random((20, 784), dtype="float32")
least, lost = {}, 0.0
for mode in ("as it is", "int4"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(300, "relu")])
    if mode == "int4":
        model.quantize(mode)
    with contextlib.redirect_stdout(io.StringIO()):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        lite = Interpreter(model_content=converter.convert())
    lite.allocate_tensors()
    into, out = lite.get_input_details()[0], lite.get_output_details()[0]
    got = []
    for image in images:
        lite.set_tensor(into["index"], image[None])
        lite.invoke()
        got.append(lite.get_tensor(out["index"]))
    got, true = np.concatenate(got), model.predict(images, verbose=0)
    least[mode] = got.min()
    lost = np.abs(np.maximum(got, 0) - true).max()
    print(f"Dense(300, 'relu') {mode:8} least output: Keras {true.min():.3f}, "
          f"float32 file {got.min():.3f}; of max(file, 0) from Keras: {lost:.0e}")
same = least["as it is"] == 0 and least["int4"] < -1 and lost < 1e-4
sys.exit(0 if same else "it behaves differently now")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
