#!/usr/bin/env bash
# A leaky ReLU written as maximum(x, 0.1 x) loses its leak in int8.
#
# Of: tensorflow-cpu 2.21.0 (its TFLite converter), keras 3.15.1; the file is
#   run by ai-edge-litert 2.3.0.
# Expected: int8 outputs within a few steps of the Keras model's, as for the
#   layer LeakyReLU(0.1), which is the same function.
# Happens: conversion and inference succeed, but in the file the convolution
#   before has got the range of the maximum's output. Its negative values are
#   cut there before they are scaled by 0.1: about a tenth of the leak is left.
# Hits: whoever converts a network with `maximum(x, a * x)`, or another maximum
#   or minimum whose operand is used elsewhere too. The network on the device
#   is another one, and what that does to an attack is put down to int8.
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

images = np.random.default_rng(0).random((100, 16, 16, 3), "float32")
convolution = keras.layers.Conv2D(8, 3, kernel_initializer=(
    keras.initializers.RandomNormal(stddev=0.3, seed=0)))
inputs = keras.Input((16, 16, 3))
x = convolution(inputs)
ways = {
    "maximum(x, 0.1 x)": keras.ops.maximum(x, 0.1 * x),
    "LeakyReLU(0.1)": keras.layers.LeakyReLU(0.1)(x),
}
errors = {}
for name, outputs in ways.items():
    model = keras.Model(inputs, outputs)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([i[None]] for i in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with contextlib.redirect_stdout(io.StringIO()):
        lite = Interpreter(model_content=converter.convert())
    lite.allocate_tensors()
    into, out = lite.get_input_details()[0], lite.get_output_details()[0]
    got = []
    for image in images:  # those that it was calibrated on
        lite.set_tensor(into["index"], image[None])
        lite.invoke()
        got.append(lite.get_tensor(out["index"]))
    got, true = np.concatenate(got), model.predict(images, verbose=0)
    # The output is dequantised: its values are multiples of a step.
    step = np.diff(np.unique(got.round(5))).min()
    errors[name] = np.abs(got - true).max() / step
    print(f"{name:18} least output: Keras {true.min():.3f}, int8 "
          f"{got.min():.3f}; largest error {errors[name]:.1f} steps")
leaks, layer = errors.values()
sys.exit("it behaves differently now" if leaks < 8 or layer > 4 else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
