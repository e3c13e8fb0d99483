"""Inspector: what the tensors of a .tflite file hold, for given images."""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras.edge.runtimes.child import Child
from advkeras.edge.runtimes.child import Question
from advkeras.edge.standalone import run_on_device

_RUNTIMES = ("litert", "litert-reference")


class Inspector(Child):
    """A .tflite file whose tensors can be looked at.

    In a process of its own, as an `Interpreter`; the file may have any number
    of inputs, and of outputs of any rank. A runtime keeps nothing but outputs:
    what it runs is a copy of the file that returns all tensors.

    Args:
        path: The .tflite file.
        runtime: "litert" or "litert-reference".
        inside: Whether all tensors that depend on the images can be looked
            at, or the outputs alone, of the file as it is.
        threads: Threads of the interpreter.
        timeout: Seconds that one answer may take.

    Attributes:
        inputs: The model's inputs: of each its index, dtype, shape, scale and
            zero_point.
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
    def input(self) -> dict[str, Any]:
        """The first input, the only one of most files."""
        return self.inputs[0]

    @property
    def image_shape(self) -> tuple[int | None, ...]:
        """Shape of one image; None where any size will do."""
        return _image_shape(self.input)

    def tensors(
        self, images: Any, indices: Iterable[int]
    ) -> dict[int, np.ndarray]:
        """Returns what tensors hold once images went through.

        A file for one image at a time is run for each; any other is run once,
        and holds all its tensors for all images: mind the memory.

        Args:
            images: float32, (n, height, width, channels); quantised as
                `Interpreter.predict` does. Of a file of several inputs a list
                of an array for each.
            indices: The tensors' numbers in the file.

        Returns:
            Index -> the tensor in its own type. One image after the other
            along the first dimension: (n, ...), or (n * k, ...) where a file
            for one image has k there; a scalar counts as (1,).

        Raises:
            ValueError: The images do not fit, there is no such tensor, or the
                interpreter failed.
        """
        inputs = [
            run_on_device.quantize(given, tensor)
            for given, tensor in zip(
                self._given(images), self.inputs, strict=True
            )
        ]
        known = {
            tensor["index"]: values
            for tensor, values in zip(self.inputs, inputs, strict=True)
        }
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
            questions: list[Question] = [
                (values, {"job": "hold"}) for values in inputs[:-1]
            ]
            message = {"job": "tensors", "indices": asked}
            found = self._ask([*questions, (inputs[-1], message)], len(asked))
            known.update(zip(asked, found, strict=True))
        return {index: known[index] for index in wanted}

    def _given(self, images: Any) -> list[np.ndarray]:
        """Returns checked images for each input."""
        several = len(self.inputs) > 1
        listed = images if several else [images]
        if not isinstance(listed, list) or len(listed) != len(self.inputs):
            raise ValueError(
                f"`images` must be a list of {len(self.inputs)} arrays, one "
                f"for each input. Received: {type(images).__name__}"
                + (f" of {len(images)}" if isinstance(images, list) else "")
            )
        found = [
            datasets.images_of(given, None, _image_shape(tensor))
            for given, tensor in zip(listed, self.inputs, strict=True)
        ]
        sizes = [len(given) for given in found]
        if len(set(sizes)) > 1:
            raise ValueError(
                "`images` must be as many for each input. Received: "
                f"{', '.join(map(str, sizes))}"
            )
        return found

    def _opened(self, about: dict[str, Any]) -> None:
        self.inputs: list[dict[str, Any]] = about["inputs"]
        self.outputs: list[dict[str, Any]] = about["outputs"]
        if not self.inputs:
            raise self._failure("it must take images, but has no input")
        self._check_numbers(*self.inputs)
        for tensor in self.inputs:
            if len(tensor["shape"]) < 2:
                raise self._failure(
                    f"it must take images, but takes {tensor['shape']}"
                )
        rows = {t["shape"][0] for t in self.inputs if not t["any_batch"]}
        if len(rows) > 1:
            listed = " and ".join(
                str(tensor["shape"]) for tensor in self.inputs
            )
            raise self._failure(
                "its inputs must take as many images at a time, but take "
                f"{listed}"
            )


def _image_shape(tensor: dict[str, Any]) -> tuple[int | None, ...]:
    return tuple(None if s == -1 else s for s in tensor["signature"][1:])
