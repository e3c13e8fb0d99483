"""A .tflite file as a classifier to attack, judged by the real one."""

import functools
import hashlib
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import files
from advkeras import fixed
from advkeras.classifier import Classifier
from advkeras.edge import one_output
from advkeras.edge import runtimes
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.samples import held_bounds
from advkeras.edge.lift.seen import seen_of
from advkeras.levels import Levels


class TfliteClassifier(Classifier):
    """A .tflite file: gradients of its lift, labels of the real interpreter.

    Where the kernels of runtimes round otherwise, the lift has the arithmetic
    of the one that says the labels.

    What an attack returns lies on the levels of a quantised input, so that it
    is what the device receives; `success` is what the interpreter says of it.

    A file that is not lifted is asked: the interpreter says its scores as well,
    and there is no gradient. `Square` and `HopSkipJump` need none.

    Args:
        path: The .tflite file: images in, one score a class out, or one
            LOGISTIC unit: the probability of class 1. Of several outputs one
            is looked at, `output`.
        bounds: (lower, upper) of the pixels, in the units that the file's
            scale and zero point give. None: all that a quantised input holds,
            or that the file quantises floats to; that of the type, 0 to 255
            for uint8, of integers without a scale, and 0 to 255 too of those
            of 32 bits; (0, 1) for other floats.
        outputs: What the file returns, "logits" or "probabilities"; None to
            find out.
        levels: For a file that takes floats: how many values a pixel can
            have. An integer input has its own.
        runtime: What says the labels: one of `advkeras.edge.RUNTIMES`; None
            for the first of `advkeras.edge.DEFAULT_RUNTIMES` that can run the
            file. The lift has LiteRT's arithmetic where it is none of these.
        threads: Threads of the interpreter.
        lifted: Whether scores and gradients are those of the lift; False for
            scores of the interpreter. None: of the lift, where there is one.
        output: Which of several outputs classifies: its name as the file's
            signature or the tensor itself has it, or its number. What is run
            is a copy of the file that returns no other.

    Warns:
        UserWarning: No runtime is given, and "litert" cannot run the file; or
            `lifted` is None, and it cannot be lifted.

    Raises:
        ValueError: The file does not classify images, `output` names none
            of its outputs, or the runtime cannot run it.
        CannotBeLiftedError: It is to be lifted and cannot be; a ValueError
            too.

    Example:
        >>> classifier = TfliteClassifier("int8.tflite", runtime="tflm")
        >>> result = ak.attacks.FGSM(0.1)(classifier, images, labels)
    """

    exact = False

    def __init__(
        self,
        path: str | os.PathLike,
        bounds: checks.Bounds | None = None,
        outputs: str | None = None,
        levels: int | None = None,
        runtime: str | None = None,
        threads: int = 1,
        lifted: bool | None = True,
        output: str | int | None = None,
    ):
        if runtime is not None:
            checks.check_choice("runtime", runtime, runtimes.HERE)
            runtimes.check(runtime)
        with one_output.chosen(path, output) as file:
            seen = seen_of(os.fspath(file), outputs, runtime, threads, lifted)
            self._sha256 = files.sha256(file)
        graph, kind, interpreter = seen.graph, seen.kind, seen.interpreter
        # Ended with this object, however that goes.
        weakref.finalize(self, interpreter.close)
        super().__init__(
            seen.model,
            held_bounds(graph) if bounds is None else bounds,
            outputs if kind is None else None,
            levels,
        )
        if bounds is None:
            known = straight_through.input_limits(graph, graph.inputs[0])
            self.bounds_from = "assumed" if known is None else "input"
        if kind is not None:
            self._declare(outputs="probabilities")
        self.path = os.fspath(path)
        given = graph.inputs[0]
        if straight_through.is_quantized(given) or straight_through.is_whole(
            given
        ):
            self._declare(levels=_levels(given, self.bounds, levels))
        self._interpreter = interpreter
        self.runtime = interpreter.runtime
        self.lifted = seen.why_not is None
        self._why_not = seen.why_not
        self.loaded_by(
            functools.partial(
                TfliteClassifier,
                Path(path).absolute(),
                bounds,
                outputs,
                levels,
                runtime,
                threads,
                self.lifted,
            )
        )

    def __setattr__(self, name: str, value: Any) -> None:
        fixed.check_unset(self, name, value, ("path", "runtime", "lifted"))
        super().__setattr__(name, value)

    def predict(
        self,
        images: Any,
        batch_size: int = 256,
        within_bounds: bool = True,
    ) -> np.ndarray:
        """Returns what the real interpreter says, int64, (n,).

        Args:
            images: As `Classifier.predict`; rounded as the file's input is.
            batch_size: Images held at a time; the interpreter divides them
                by its own.
            within_bounds: As `Classifier.predict`.

        Raises:
            ValueError: As `Classifier.predict`, or the interpreter failed.
        """
        checks.check_count("batch_size", batch_size)
        return np.concatenate(
            [
                self._interpreter.predict(batch).labels
                for batch in self.batches(images, batch_size, within_bounds)
            ]
        )

    def fingerprint(self) -> str:
        """Returns the SHA-256 of the file, runtime, bounds and `lifted`."""
        parts = (
            self._sha256,
            self.runtime,
            self.bounds,
            self.outputs,
            self.levels,
            *(() if self.lifted else ("asked",)),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def lifted_predict(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """Returns what the lift says, as `predict`; or else the scores."""
        return super().predict(images, batch_size, within_bounds=False)

    def check_differentiable(self) -> None:
        """As of `Classifier`: there is no gradient without a lift."""
        if not self.lifted:
            raise ValueError(
                "`model` must have a gradient, which an interpreter has not. "
                f"Received: model {self.model.name!r}, not lifted "
                f"({self._why_not})"
            )
        super().check_differentiable()


def _levels(
    given: Tensor, bounds: checks.Bounds, declared: int | None
) -> Levels:
    scale, zero_point = 1.0, 0
    if not straight_through.is_whole(given):
        quantization = straight_through.quantization_of(given)
        scale = float(quantization.scale[0])
        zero_point = int(quantization.zero_point[0])
    levels = Levels.of_input(scale, zero_point, given.dtype, bounds)
    if declared not in (None, levels.count):
        raise ValueError(
            "`levels` must be left out for a file of integer input, which "
            f"has {levels.count} within its bounds. Received: levels={declared}"
        )
    return levels
