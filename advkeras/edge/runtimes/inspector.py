"""Inspector: what the tensors of a .tflite file hold, for given images."""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras.edge.runtimes.child import Child
from advkeras.edge.standalone import run_on_device

_RUNTIMES = ("litert", "litert-reference")


class Inspector(Child):
    """A .tflite file of one input whose tensors can be looked at.

    In a process of its own, as an `Interpreter`; the file may have any number
    of outputs, of any rank. A runtime keeps nothing but outputs: what it runs
    is a copy of the file that returns all tensors.

    Args:
        path: The .tflite file.
        runtime: "litert" or "litert-reference".
        inside: Whether all tensors that depend on the images can be looked
            at, or the outputs alone, of the file as it is.
        threads: Threads of the interpreter.
        timeout: Seconds that one answer may take.

    Attributes:
        input: The model's input: index, dtype, shape, scale, zero_point.
        outputs: What can be looked at besides, likewise; the outputs first.
        version: Package and version that runs the file.

    Raises:
        ValueError: There is no such file or runtime.
        CannotRunError: The runtime cannot run it; a ValueError too.

    Example:
        >>> with Inspector("int8.tflite") as inspector:
        ...     inspector.tensors(images, [7])[7].shape
    """

    def __init__(
        self,
        path: str | os.PathLike,
        runtime: str = "litert",
        inside: bool = True,
        threads: int = 1,
        timeout: float = 300.0,
    ):
        checks.check_choice("runtime", runtime, _RUNTIMES)
        look = "tensors" if inside else "outputs"
        super().__init__(path, runtime, threads, timeout, look)

    @property
    def image_shape(self) -> tuple[int | None, ...]:
        """Shape of one image; None where any size will do."""
        return tuple(
            None if s == -1 else s for s in self.input["signature"][1:]
        )

    def tensors(
        self, images: Any, indices: Iterable[int]
    ) -> dict[int, np.ndarray]:
        """Returns what tensors hold once images went through.

        A file for one image at a time is run for each; any other is run once,
        and holds all its tensors for all images: mind the memory.

        Args:
            images: float32, (n, height, width, channels); quantised as
                `Interpreter.predict` does.
            indices: The tensors' numbers in the file.

        Returns:
            Index -> the tensor in its own type. One image after the other
            along the first dimension: (n, ...), or (n * k, ...) where a file
            for one image has k there; a scalar counts as (1,).

        Raises:
            ValueError: The images do not fit, there is no such tensor, or the
                interpreter failed.
        """
        images = datasets.images_of(images, None, self.image_shape)
        inputs = run_on_device.quantize(images, self.input)
        known = {self.input["index"]: inputs}
        visible = {output["index"] for output in self.outputs}
        wanted = list(dict.fromkeys(int(index) for index in indices))
        for index in wanted:
            if index not in visible and index not in known:
                raise ValueError(
                    "`indices` must be of tensors that can be looked at in "
                    f"{self!r}. Received: index {index}"
                )
        asked = [index for index in wanted if index not in known]
        if asked:
            message = {"job": "tensors", "indices": asked}
            found = self._ask([(inputs, message)], len(asked))
            known.update(zip(asked, found, strict=True))
        return {index: known[index] for index in wanted}

    def _opened(self, about: dict[str, Any]) -> None:
        self.input: dict[str, Any] = about["input"]
        self.outputs: list[dict[str, Any]] = about["outputs"]
        self._check_numbers(self.input)
        shape = self.input["shape"]
        if len(shape) < 2:
            raise self._failure(f"it must take images, but takes {shape}")
