#!/usr/bin/env bash
# One dynamic-range file, two grids for its activations: XNNPACK's and LiteRT's own.
#
# Of: ai-edge-litert 2.3.0 on x86-64; the file is from litert-quantizer 0.11.0.
# Expected: the file says of its dense layer that inputs are quantised without a
#   zero point (`asymmetric_quantize_inputs` is not set), and every kernel does so.
# Happens: LiteRT's reference and optimised kernels do: of pixels from 0 up half
#   of the 255 steps are never used. XNNPACK, which runs where nothing else is
#   asked for, disregards the field and takes a zero point: other integers, and
#   outputs some 10,000 times as far apart as floats round. NumPy's emulation of
#   either fits to a millionth. TFLiteConverter sets the field, so that its files
#   do not tell; litert-quantizer does not.
# Hits: the survival of the smallest adversarial examples by runtime: with and
#   without the delegate the same file is two models.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6 \
    ai-edge-litert==2.3.0 litert-quantizer==0.11.0
cat >"$dir/run.py" <<'PYTHON'
import contextlib, io, sys

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from litert_quantizer import quantizer, recipe

random = np.random.default_rng(0)
weights = random.normal(size=(64, 32)).astype(np.float32)
model = keras.Sequential(
    [keras.Input((64,), batch_size=1), keras.layers.Dense(32)])
model.set_weights([weights, np.zeros(32)])
with contextlib.redirect_stdout(io.StringIO()):
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
made = quantizer.Quantizer(content, recipe.dynamic_wi8_afp32()).quantize(
    enable_progress_report=False)
images = random.random((200, 64), np.float32)


def answers(kernels):
    lite = Interpreter(model_content=bytes(made.quantized_model),
                       experimental_op_resolver_type=kernels)
    lite.allocate_tensors()
    found = []
    for one in images:
        lite.set_tensor(lite.get_input_details()[0]["index"], one[None])
        lite.invoke()
        found.append(lite.get_tensor(lite.get_output_details()[0]["index"])[0])
    return np.array(found)


def emulated(steps):
    """In NumPy: each image on a grid of its own, the largest at `steps`."""
    grid = images.max(axis=1, keepdims=True) / steps
    grid_of_weights = np.abs(weights).max(axis=0) / 127
    sums = np.rint(images / grid) @ np.rint(weights / grid_of_weights)
    return sums * grid * grid_of_weights


# From 0 up: 255 steps with a zero point, 127 without.
grids = {"a zero point": emulated(255), "none": emulated(127)}
fits = {}
for name, kernels in (
    ("XNNPACK", OpResolverType.AUTO),
    ("optimised", OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
    ("reference", OpResolverType.BUILTIN_REF),
):
    found = answers(kernels)
    apart = {grid: np.abs(found - one).max() for grid, one in grids.items()}
    print(f"{name}: largest distance from NumPy's " + ", ".join(
        f"{value:.1e} with {grid}" for grid, value in apart.items()))
    fits[name] = min(apart, key=apart.get)
expected = {"XNNPACK": "a zero point", "optimised": "none", "reference": "none"}
sys.exit(0 if fits == expected else "it behaves differently now")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
