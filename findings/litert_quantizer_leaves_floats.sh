#!/usr/bin/env bash
# litert-quantizer leaves LEAKY_RELU and PRELU in float32, and says nothing.
#
# Of: litert-quantizer 0.11.0, beside TFLiteConverter of TensorFlow 2.21.0.
# Expected: `static_wi8_ai8`, 8-bit weights and activations, makes integers of
#   every operator that LiteRT has integer kernels for, as TFLiteConverter does
#   of these two; or it says which it did not.
# Happens: `quantize` ends without a word, and in the file a DEQUANTIZE stands
#   before either and a QUANTIZE behind it: they compute in float32, as ELU has
#   to. With `static_wi8_ai16` HARD_SWISH does as well.
# Hits: whoever brings such a file to a microcontroller or an NPU without floats:
#   a net of LeakyReLUs is moved to floats and back at every layer.
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
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe

LAYERS = {
    "LEAKY_RELU": keras.layers.LeakyReLU(),
    "PRELU": keras.layers.PReLU(shared_axes=[1, 2]),
    "ELU": keras.layers.ELU(),
    "HARD_SWISH": keras.layers.Activation("hard_silu"),
    "TANH": keras.layers.Activation("tanh"),
}
images = np.random.default_rng(0).random((20, 1, 8, 8, 1), np.float32)


def converter(model):
    return tf.lite.TFLiteConverter.from_keras_model(model)


def by_tensorflow(model):
    made = converter(model)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made.representative_dataset = lambda: ([one] for one in images)
    made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    made.inference_input_type = made.inference_output_type = tf.int8
    return made.convert()


def by_litert(model, rules):
    content = converter(model).convert()
    ((name, ends),) = Interpreter(
        model_content=content).get_signature_list().items()
    maker = quantizer.Quantizer(content, rules)
    given = {name: [{ends["inputs"][0]: one} for one in images]}
    made = maker.quantize(maker.calibrate(given), enable_progress_report=False)
    return bytes(made.quantized_model)


def in_floats(content):
    """Returns the operators of a file that write float32."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = {v: k for k, v in vars(schema.BuiltinOperator).items()}
    graph = model.subgraphs[0]
    return [
        names[model.operatorCodes[op.opcodeIndex].builtinCode]
        for op in graph.operators
        if graph.tensors[op.outputs[0]].type == schema.TensorType.FLOAT32]


found = {}
for name, layer in LAYERS.items():
    model = keras.Sequential([
        keras.Input((8, 8, 1), batch_size=1), keras.layers.Conv2D(4, 3), layer,
        keras.layers.Flatten(), keras.layers.Dense(3)])
    with contextlib.redirect_stdout(io.StringIO()):
        files = {
            "TFLiteConverter": by_tensorflow(model),
            "static_wi8_ai8": by_litert(model, recipe.static_wi8_ai8()),
            "static_wi8_ai16": by_litert(model, recipe.static_wi8_ai16())}
    found[name] = [name in in_floats(content) for content in files.values()]
    said = (f"{how} {'float32' if one else 'integers'}"
            for how, one in zip(files, found[name]))
    print(f"{name}: {', '.join(said)}")
expected = {
    "LEAKY_RELU": [False, True, True],
    "PRELU": [False, True, True],
    "ELU": [True, True, True],
    "HARD_SWISH": [False, False, True],
    "TANH": [False, False, False]}
sys.exit("it behaves differently now" if found != expected else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" 2>"$dir/log" ||
    { tail -3 "$dir/log"; exit 1; }
