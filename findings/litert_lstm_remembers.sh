#!/usr/bin/env bash
# An LSTM file is told of the image before: the same input, another answer.
#
# Of: ai-edge-litert 2.3.0 on x86-64; the file is from tensorflow-cpu 2.21.0 and
#   tf-keras 2.21.0.
# Expected: a stateless Keras LSTM (stateful=False) says of a picture what it says
#   of it alone, and its file does too.
# Happens: the converter makes of the layer one operator whose state lies in
#   variable tensors, and nothing sets these back between two invocations. The
#   first answer is Keras's; the second of the same picture is another, and of a
#   set of pictures the labels depend on their order. `reset_all_variables`
#   before each invocation gives Keras's answers. The loop that the converter
#   makes of the layer's weights where it fuses nothing has no state.
# Hits: accuracy, agreement and the survival of adversarial examples on a device,
#   measured in a loop over images as for any other file: part of what changes
#   a label is the picture before.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 tf-keras==2.21.0 \
    numpy==2.4.6 ai-edge-litert==2.3.0
cat >"$dir/run.py" <<'PYTHON'
import contextlib, io, sys

import numpy as np
import tensorflow as tf
import tf_keras
from ai_edge_litert.interpreter import Interpreter

tf_keras.utils.set_random_seed(0)
model = tf_keras.Sequential([
    tf_keras.Input((28, 28), batch_size=1),
    tf_keras.layers.LSTM(32),
    tf_keras.layers.Dense(10),
])
with contextlib.redirect_stdout(io.StringIO()):
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
lite = Interpreter(model_content=content)
lite.allocate_tensors()
into, out = lite.get_input_details()[0], lite.get_output_details()[0]
print("operators:", *(o["op_name"] for o in lite._get_ops_details()))
images = np.random.default_rng(0).random((200, 1, 28, 28), np.float32)
true = np.concatenate([model(one).numpy() for one in images])


def answers(fresh):
    found = []
    for one in images:
        if fresh:
            lite.reset_all_variables()
        lite.set_tensor(into["index"], one)
        lite.invoke()
        found.append(lite.get_tensor(out["index"]))
    return np.concatenate(found)


off = {}
for name, fresh in (("as it is", False), ("set back each time", True)):
    got = answers(fresh)
    apart = np.abs(got - true).max(axis=1)
    labels = (got.argmax(1) != true.argmax(1)).sum()
    print(f"{name}: first image {apart[0]:.1e} from Keras, the others up to "
          f"{apart[1:].max():.1e}; {labels} of {len(images)} labels differ")
    off[fresh] = apart, labels
changed = (off[False][0][0] > 1e-5 or off[False][0][1:].max() < 1e-3
           or not off[False][1] or off[True][0].max() > 1e-5)
sys.exit("it behaves differently now" if changed else 0)
PYTHON
TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" \
    "$dir/run.py" 2>"$dir/log" || { cat "$dir/log"; exit 1; }
