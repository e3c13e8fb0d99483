"""An epoch is kept whole: killed at any point, fit() goes on as it was."""

import os
import types

import keras
import numpy as np
import pytest

from advkeras import files
from advkeras.training import backup

IMAGES = np.random.default_rng(0).uniform(size=(40, 5)).astype(np.float32)
LABELS = np.arange(40) % 3


class Seen(keras.callbacks.Callback):
    """Notes epochs, and the steps that were taken before them."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append((epoch, int(self.model.optimizer.iterations)))


def fit(folder, epochs=4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    seen = Seen()
    model.fit(
        IMAGES,
        LABELS,
        batch_size=10,
        epochs=epochs,
        shuffle=False,
        callbacks=[backup.Backup(folder), seen],
        verbose=0,
    )
    return model.get_weights()[0], seen.epochs


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Of a third epoch: its weights are written, its number is not; all is written
# but has no name; it has its name, and the second is there still.
@pytest.mark.parametrize("point", ["number", "name", "old"])
def test_killed_while_it_keeps_an_epoch(tmp_path, monkeypatch, point):
    expected, _ = fit(tmp_path / "whole")
    fit(tmp_path / "fit", epochs=2)
    assert names(tmp_path / "fit") == ["2"]

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if point == "number":
            patch.setattr("json.dumps", killed)
        elif point == "name":
            patch.setattr(os, "replace", killed)
        else:
            patch.setattr(
                backup, "shutil", types.SimpleNamespace(rmtree=killed)
            )
        fit(tmp_path / "fit", epochs=3)
    found, epochs = fit(tmp_path / "fit")
    first = 3 if point == "old" else 2
    assert epochs == [(epoch, 4 * epoch) for epoch in range(first, 4)]
    np.testing.assert_array_equal(found, expected)
    assert names(tmp_path / "fit") == ["4"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("Can't write data (No space left on device)")

    monkeypatch.setattr(keras.Model, "save_weights", full)
    with pytest.raises(files.NotWrittenError, match="No space left on device"):
        fit(tmp_path / "fit")
    assert names(tmp_path / "fit") == []
