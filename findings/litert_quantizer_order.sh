#!/usr/bin/env bash
# litert-quantizer's file depends on the order of the calibration images.
#
# Of: litert-quantizer 0.11.0 on x86-64.
# Expected: `calibrate` goes through the samples, and the range of an activation
#   is what they showed, in whatever order; so TFLiteConverter has it.
# Happens: after the first sample a range is a moving average: 0.95 of what it was
#   and 0.05 of the sample's own. It forgets what was seen before the last sixty
#   samples or so, and never reaches an extreme. The same 300 inputs give three
#   files, by how they are sorted, and none keeps the range of the outputs.
# Hits: whoever calibrates image by image, as for TFLiteConverter: logits are
#   clipped, labels fall to ties at 127, and a folder sorted by class or
#   brightness gives another model than a shuffled one.
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
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe

random = np.random.default_rng(0)
model = keras.Sequential(
    [keras.Input((64,), batch_size=1), keras.layers.Dense(8)])
model.set_weights([random.normal(size=(64, 8)), np.zeros(8)])
with contextlib.redirect_stdout(io.StringIO()):
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
((name, ends),) = Interpreter(
    model_content=content).get_signature_list().items()
# As photographs are: some dark, some bright.
images = random.random((300, 1, 64), np.float32)
images *= random.random((300, 1, 1), np.float32)
true = model.predict(images[:, 0], verbose=0)


def steps(values, about):
    scale, zero = about["quantization"]
    return np.clip(np.round(values / scale) + zero, -128, 127).astype(np.int8)


def kept(order, samples):
    maker = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    given = {name: [{ends["inputs"][0]: one} for one in samples]}
    result = maker.quantize(
        maker.calibrate(given), enable_progress_report=False)
    lite = Interpreter(model_content=bytes(result.quantized_model))
    lite.allocate_tensors()
    into, out = lite.get_input_details()[0], lite.get_output_details()[0]
    found = []
    for one in images:
        lite.set_tensor(into["index"], steps(one, into))
        lite.invoke()
        found.append(lite.get_tensor(out["index"])[0].astype(int))
    found = np.array(found)
    share = 255 * out["quantization"][0] / (true.max() - true.min())
    ended = np.isin(found, (-128, 127)).mean()
    labels = (found.argmax(1) != true.argmax(1)).sum()
    print(f"{order}: {share:.0%} of the outputs' range is kept, {ended:.1%} of "
          f"the outputs are at its ends, {labels} of {len(images)} labels differ")
    return share


sort = np.argsort(images.sum(axis=(1, 2)))
shares = [kept("as they come", images), kept("the brightest last", images[sort]),
          kept("the brightest first", images[sort[::-1]])]
changed = max(shares) > 0.9 or max(shares) < 2 * min(shares)
sys.exit("it behaves differently now" if changed else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { cat "$dir/log"; exit 1; }
