"""What is random in training, by the number of the epoch."""

from typing import Any

import keras
import tensorflow as tf

_STEPS = 20  # bits of the count that an epoch's draws have to themselves


class EpochDraws(keras.callbacks.Callback):
    """Lets what an epoch draws depend on its number alone.

    So an epoch after an interruption is what it would have been without.

    Attributes:
        epoch: int64 variable, the number of the epoch, for a pipeline of data
            to draw by. Dropout and other random layers are set by it here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = tf.Variable(0, trainable=False, dtype=tf.int64)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Begins the draws of an epoch."""
        self.epoch.assign(epoch)
        for state in random_states(self.model):  # (seed, count of draws)
            state.assign([int(state[0]), epoch << _STEPS])


def random_states(model: keras.Model) -> list[Any]:
    """Returns the variables that a model's layers draw by.

    Keras keeps them neither in files of weights nor in backups.
    """
    others = {id(v) for v in (*model.weights, *model.metrics_variables)}
    return [v for v in model.variables if id(v) not in others]
