#!/usr/bin/env bash
# A fit() that BackupAndRestore resumes within an epoch trains on batches twice.
#
# Of: keras 3.15.1, on tensorflow-cpu 2.21.0.
# Expected: with save_freq=N batches, a fit() that was interrupted goes on from
#   the last save, and ends where one that was not interrupted ends.
# Happens: weights and optimizer go back to the last save, the data to the
#   beginning of its epoch: what came before the save is trained on again.
#   training_metadata.json holds the batch, and nothing reads it.
# Hits: long epochs, such as those of adversarial training, for which one saves
#   within them: a machine that is often preempted trains another network, with
#   more steps than its schedules of learning rate and of epsilon say.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
cat >"$dir/run.py" <<'PYTHON'
import sys
from pathlib import Path

import keras
import numpy as np

folder = sys.argv[1] + "/backup"
x = np.random.default_rng(0).random((12, 4), dtype="float32")
y = x.sum(axis=1)


class Preempted(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 4:
            raise KeyboardInterrupt


def fitted(*callbacks):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    try:
        model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0,
                  callbacks=list(callbacks))
    except KeyboardInterrupt:
        pass
    return model


def backup():
    return keras.callbacks.BackupAndRestore(folder, save_freq=2)


whole = fitted()
fitted(backup(), Preempted())
kept = Path(folder, "training_metadata.json").read_text()
resumed = fitted(backup())
steps = [int(model.optimizer.iterations) for model in (whole, resumed)]
apart = np.abs(whole.get_weights()[0] - resumed.get_weights()[0]).max()
print(f"2 epochs of 6 batches; preempted in the first, with {kept} kept")
print(f"steps: {steps[0]} without the interruption, {steps[1]} with it; "
      f"weights differ by {apart:.3f}")
sys.exit(0 if steps == [12, 16] else "it behaves differently now")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" "$dir" \
    2>"$dir/log" || { cat "$dir/log"; exit 1; }
