"""Backup: where a fit() is after each epoch, whole or not at all."""

import os
import shutil
from pathlib import Path

import keras

from advkeras import files


class Backup(keras.callbacks.Callback):
    """Lets fit() go on with the epoch that it was interrupted in.

    Keras's own callback keeps weights and epoch in two files, which it writes
    over: a process that is killed between them, or a full disk, leaves weights
    of one epoch and the number of another, or half a file. Here it writes into
    a folder for each epoch, which takes its name when it is whole.

    Args:
        folder: Where those folders lie.
    """

    def __init__(self, folder: str | os.PathLike):
        super().__init__()
        self._folder = Path(folder)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Goes back to where the last epoch ended."""
        if kept := self._kept():
            self._keeper(kept[-1]).on_train_begin()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps this epoch in place of those before."""
        before = self._kept()
        with files.replacing(self._folder / str(epoch + 1)) as temporary:
            self._keeper(temporary).on_epoch_end(epoch)
        for folder in before:
            shutil.rmtree(folder, ignore_errors=True)

    def _kept(self) -> list[Path]:
        """Returns what is kept, the last epoch last; the others may be torn."""
        found = self._folder.glob("[0-9]*")
        return sorted(found, key=lambda path: int(path.name))

    def _keeper(self, folder: Path) -> keras.callbacks.Callback:
        keeper = keras.callbacks.BackupAndRestore(
            folder, delete_checkpoint=False
        )
        keeper.set_model(self.model)
        return keeper
