"""An epoch is kept whole: killed at any point, fit() goes on as it was."""

import os

import keras
import numpy as np
import pytest

from advkeras import files
from advkeras.training.backup import Backup

IMAGES = np.random.default_rng(0).uniform(size=(40, 5)).astype(np.float32)
LABELS = np.arange(40) % 3


class Seen(keras.callbacks.Callback):
    """Notes epochs, and the steps that were taken before them."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append((epoch, int(self.model.optimizer.iterations)))


def fit(path, epochs=4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dropout(0.2, seed=1),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    backup, seen = Backup(path), Seen()
    model.fit(
        IMAGES,
        LABELS,
        batch_size=10,
        epochs=epochs,
        initial_epoch=backup.epoch,
        shuffle=False,
        callbacks=[backup, seen],
        verbose=0,
    )
    return np.concatenate([w.ravel() for w in model.get_weights()]), seen.epochs


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Of a third epoch: it is not written, or only half; it has no name.
@pytest.mark.parametrize("point", ["before", "half", "name"])
def test_killed_while_it_keeps_an_epoch(tmp_path, monkeypatch, point):
    expected, _ = fit(tmp_path / "whole.npz")
    fit(tmp_path / "fit.npz", epochs=2)

    def killed(path, *_, **__):
        if point == "half":
            path.write_bytes(b"PK")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        writes = (os, "replace") if point == "name" else (np, "savez")
        patch.setattr(*writes, killed)
        fit(tmp_path / "fit.npz", epochs=3)
    found, epochs = fit(tmp_path / "fit.npz")
    assert epochs == [(2, 8), (3, 12)]
    np.testing.assert_array_equal(found, expected)
    assert names(tmp_path) == ["fit.npz", "whole.npz"]


def test_all_epochs_are_done(tmp_path):
    expected, _ = fit(tmp_path / "fit.npz")
    found, epochs = fit(tmp_path / "fit.npz")
    assert epochs == []
    np.testing.assert_array_equal(found, expected)


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(files.NotWrittenError, match="No space left on device"):
        fit(tmp_path / "fit.npz")
    assert names(tmp_path) == []
