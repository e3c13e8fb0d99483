#!/usr/bin/env bash
# The weights of a network that Keras quantised with GPTQ are saved in part.
#
# Of: keras 3.15.1, with the backend of tensorflow-cpu 2.21.0.
# Expected: `save_weights` keeps what `load_weights` wants, as it does of networks
#   quantised to int8 and int4.
# Happens: of each layer that GPTQ quantised four of five variables are written,
#   with nothing said: `kernel_zero`, without which the packed weights mean
#   nothing, is not among them. `load_weights` refuses the file, also into the
#   very network that it is of.
# Hits: whoever quantises once, which takes the calibration data and may take
#   hours, and attacks, evaluates or ships the file later. The first sign is an
#   error in another process, when the network is gone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 \
    numpy==2.4.6 h5py==3.14.0
cat >"$dir/run.py" <<'PYTHON'
import os, sys

import h5py
import keras
import numpy as np

os.chdir(sys.argv[1])
tokens = np.random.default_rng(0).integers(0, 64, (32, 16))


def network(mode):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16,), dtype="int32")
    embed = keras.layers.Embedding(64, 16)
    block = keras.layers.Dense(16, activation="relu")
    outputs = keras.layers.Dense(64)(block(embed(inputs)))
    model = keras.Model(inputs, outputs)
    if mode == "gptq":
        model.quantize("gptq", config=keras.quantizers.GPTQConfig(
            dataset=[row[None] for row in tokens], tokenizer=len,
            num_samples=32, sequence_length=16, group_size=8,
            quantization_layer_structure={
                "pre_block_layers": [embed], "sequential_blocks": [block]}))
    else:
        model.quantize(mode)
    return model


seen = {}
for mode in ("int8", "int4", "gptq"):
    model = network(mode)
    model.save_weights(f"{mode}.weights.h5")
    block = model.layers[2]
    with h5py.File(f"{mode}.weights.h5") as file:
        written = len(file["layers/dense/vars"])

    before = model.predict(tokens, verbose=0)
    try:
        model.load_weights(f"{mode}.weights.h5")
        difference = np.abs(model.predict(tokens, verbose=0) - before).max()
        result = f"loaded, outputs differ by {difference:g}"
    except ValueError as error:
        result = f"refused: {str(error).splitlines()[2]}"
    print(f"{mode}: {written} of {[v.name for v in block.variables]} written; "
          f"into the same network {result}")
    seen[mode] = (len(block.variables) - written, result[:7])
expected = {"int8": (0, "loaded,"), "int4": (0, "loaded,"),
            "gptq": (1, "refused")}
sys.exit("it behaves differently now" if seen != expected else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" "$dir" \
    2>"$dir/log" || { cat "$dir/log"; exit 1; }
