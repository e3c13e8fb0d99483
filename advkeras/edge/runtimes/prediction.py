"""What a runtime says of images."""

import dataclasses
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras.edge.standalone import run_on_device


@dataclasses.dataclass(frozen=True, eq=False)
class Prediction:
    """What a runtime says of images.

    Attributes:
        outputs: As they left the model, in its own type: int8 or another
            integer where the model is quantised; (n, classes).
        labels: The first class with the largest output, int64, (n,); of a
            single one, whether it is above a half. `checks.NO_ANSWER` where
            an output is NaN, or the largest is not finite.
    """

    outputs: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, outputs: np.ndarray, output: dict[str, Any]) -> "Prediction":
        """Reads the labels off the outputs.

        Args:
            outputs: As of the class.
            output: The model's output: its scale and zero point.
        """
        return cls(outputs, run_on_device.labels_of(outputs, output))


def images_for(images: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Returns checked images that a file takes, perhaps in another shape.

    Args:
        images: As for `datasets.images_of`.
        shape: Of one image, as the file has it.

    Raises:
        ValueError: They are of another shape, and do not hold the same.
    """
    found = tuple(getattr(images, "shape", ()))[1:]
    same = bool(found) and checks.same_values(found, shape)
    return datasets.images_of(images, None, found if same else shape)
