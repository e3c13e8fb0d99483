"""What a runtime says of images."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Prediction:
    """What a runtime says of images.

    Attributes:
        outputs: As they left the model, in its own type: int8 or another
            integer where the model is quantised; (n, classes).
        labels: The first class with the largest output, int64, (n,).
    """

    outputs: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, outputs: np.ndarray) -> "Prediction":
        """Reads the labels off the outputs."""
        return cls(outputs, outputs.argmax(axis=1))
