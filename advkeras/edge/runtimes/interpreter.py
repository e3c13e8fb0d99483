"""Interpreter: a .tflite file that classifies, in a process of its own."""

import math
import os
from typing import Any

import numpy as np

from advkeras.edge import one_output
from advkeras.edge.runtimes.child import CannotRunError
from advkeras.edge.runtimes.child import Child
from advkeras.edge.runtimes.prediction import Prediction
from advkeras.edge.runtimes.prediction import images_for
from advkeras.edge.standalone import run_on_device

_BATCH_BYTES = 1 << 18  # of quantised images in a message: near the caches


class Interpreter(Child):
    """A .tflite file that classifies images, in a process of its own.

    Args:
        path: The .tflite file.
        runtime: One of `advkeras.edge.RUNTIMES`.
        threads: Threads of the interpreter; tflm has one.
        timeout: Seconds that one answer may take.

    Attributes:
        input: The model's input: dtype, shape, scale, zero_point.
        output: The model's output, likewise.
        version: Package and version that runs the file.

    Raises:
        ValueError: There is no such file.
        CannotRunError: The runtime cannot run it; a ValueError too.
    """

    takes_float = True

    def __init__(
        self,
        path: str | os.PathLike,
        runtime: str = "litert",
        threads: int = 1,
        timeout: float = 300.0,
    ):
        outputs = one_output.several(path)
        if outputs:
            reason = f"it returns {one_output.in_words(outputs)}"
            raise CannotRunError(
                "`path` must be a .tflite file of one output; "
                "`ak.edge.with_one_output` writes a copy that returns the one "
                f"that is named. Received: path={os.fspath(path)!r} ({reason})",
                reason,
            )
        super().__init__(path, runtime, threads, timeout, "output")

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.input["shape"][1:])

    @property
    def num_classes(self) -> int:
        """Number of classes: 2 of a single score, that of class 1."""
        return max(2, int(self.output["shape"][-1]))

    @property
    def batch_size(self) -> int:
        """Images that are sent and run at a time."""
        itemsize = np.dtype(self.input["dtype"]).itemsize
        held = _BATCH_BYTES // (math.prod(self.image_shape) * itemsize)
        # Of a file for so many at a time no batch has to be filled up.
        rows = 1 if self.input["any_batch"] else int(self.input["shape"][0])
        return max(1, held // rows) * rows

    def predict(self, images: Any) -> Prediction:
        """Runs images, (n, height, width, channels), and returns all outputs.

        Images are quantised by the file's own scale and zero point, rounded
        half to even; values that the input cannot hold are clipped.

        Raises:
            ValueError: The images do not fit, or the interpreter failed.
        """
        images = images_for(images, self.image_shape)
        size = self.batch_size
        batches = [images[i : i + size] for i in range(0, len(images), size)]
        answers = self._answers_to("run", batches)
        outputs = [run_on_device.as_scores(answer) for answer in answers]
        scores = self.output["shape"][-1]
        expected = [(len(batch), scores) for batch in batches]
        if [output.shape for output in outputs] != expected:
            raise self._failure(
                f"it must return {scores} scores for each of "
                f"{len(batches[0])} images, but returns {outputs[0].shape}"
            )
        return Prediction.of(np.concatenate(outputs), self.output)

    def latencies(self, images: Any) -> np.ndarray:
        """Returns milliseconds of each image, run one by one, warm, (n,).

        Raises:
            ValueError: As `predict`.
        """
        images = images_for(images, self.image_shape)
        return self._answers_to("latencies", [images])[0]

    def _answers_to(
        self, job: str, batches: list[np.ndarray]
    ) -> list[np.ndarray]:
        """Has a job done on batches of images, and returns the answers."""
        questions = (
            (run_on_device.quantize(batch, self.input), {"job": job})
            for batch in batches
        )
        return self._ask(questions, len(batches))

    def _opened(self, about: dict[str, Any]) -> None:
        self.input: dict[str, Any] = about["input"]
        self.output: dict[str, Any] = about["output"]
        self._check_numbers(self.input, self.output)
        scores = run_on_device.is_scores(self.output["shape"])
        if not scores or len(self.input["shape"]) < 2:
            raise self._failure(
                "it must take images and return one score a class, (n, "
                f"classes), but maps {self.input['shape']} to "
                f"{self.output['shape']}"
            )
