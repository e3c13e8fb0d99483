"""A net that a runtime runs and that cannot be lifted."""

import keras
from keras import layers

# Of what the table of operators does not hold, one that every runtime runs.
UNKNOWN = "CUMSUM"


def behind_unknown(model, softmax=False):
    """Returns a model behind that operator, which leaves images as they are.

    Args:
        model: Of images of one channel; returns logits.
        softmax: Whether it is to end in one.
    """
    given = keras.Input(model.input_shape[1:])
    beside = keras.ops.pad(given, [(0, 0)] * 3 + [(0, 1)])
    sums = keras.ops.cumsum(beside, axis=-1)
    scores = model(sums[..., :1])
    return keras.Model(given, layers.Softmax()(scores) if softmax else scores)
