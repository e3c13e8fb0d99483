"""Backup: where a fit() is after each epoch, whole or not at all."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from advkeras import files
from advkeras.training.draws import random_states


class Backup(keras.callbacks.Callback):
    """Lets fit() go on with the epoch that it was interrupted in.

    Keras's own callback keeps weights and epoch in two files, which it writes
    over: after a process that was killed between them it cannot go on. And on
    a full disk HDF5, which it writes, ends the process.

    Args:
        path: The .npz file.

    Example:
        >>> backup = Backup("fit.npz")
        >>> model.fit(..., callbacks=[backup], initial_epoch=backup.epoch)
    """

    def __init__(self, path: str | os.PathLike):
        super().__init__()
        self._path = Path(path)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        if not self._path.exists():
            return 0
        with np.load(self._path, allow_pickle=False) as stored:
            return int(stored["epoch"])

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Goes back to where the last epoch ended."""
        if not self._path.exists():
            return
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        with np.load(self._path, allow_pickle=False) as stored:
            for i, variable in enumerate(self._variables()):
                variable.assign(stored[f"v{i}"])

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps this epoch in place of the one before."""
        kept = {
            f"v{i}": keras.ops.convert_to_numpy(variable)
            for i, variable in enumerate(self._variables())
        }
        with files.replacing(self._path) as temporary:
            np.savez(temporary, epoch=epoch + 1, **kept)

    def _variables(self) -> list[Any]:
        model = self.model
        return [
            *model.weights,
            *random_states(model),
            *model.optimizer.variables,
        ]
