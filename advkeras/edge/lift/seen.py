"""What of a .tflite file an attack can see: its lift, or what it is asked."""

import os
import warnings
from typing import NamedTuple

import keras

from advkeras.edge import runtimes
from advkeras.edge.lift.asked import asked
from advkeras.edge.lift.asked import outline
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.model import lift
from advkeras.edge.lift.reader import read
from advkeras.edge.lift.refusal import CannotBeLiftedError
from advkeras.edge.lift.scores import logits_of


class Seen(NamedTuple):
    """A file, as it is seen by a classifier.

    Attributes:
        graph: What was read of it; at least its input.
        kind: That of `Logits`.
        interpreter: What says its labels.
        model: What says its logits, or its scores.
        why_not: Why it is not lifted; None if it is.
    """

    graph: Graph
    kind: str | None
    interpreter: runtimes.Interpreter
    model: keras.Model
    why_not: str | None


def seen_of(
    path: str,
    outputs: str | None,
    runtime: str | None,
    threads: int,
    lifted: bool | None,
) -> Seen:
    """Lifts a file; or else asks, as `TfliteClassifier` has it."""
    if lifted is False:
        return _asked(path, runtime, threads, "lifted=False")
    try:
        return _lifted(path, outputs, runtime, threads)
    except CannotBeLiftedError as error:
        if lifted:
            raise
        refusal = error
    try:
        seen = _asked(path, runtime, threads, refusal.reason)
    except runtimes.CannotRunError as error:
        raise refusal from error
    warnings.warn(
        f"{os.path.basename(path)}: it cannot be lifted ({refusal.reason}), "
        "and attacks that need a gradient will refuse it; Square asks "
        f"{seen.interpreter.runtime} for scores, HopSkipJump for labels",
        stacklevel=5,
    )
    return seen


def _lifted(
    path: str, outputs: str | None, runtime: str | None, threads: int
) -> Seen:
    graph = read(path)
    if (len(graph.inputs), len(graph.outputs)) != (1, 1):
        raise ValueError(
            "`path` must be a .tflite file of one input, of which one output "
            f"is looked at. Received: path={path!r} with {len(graph.inputs)} "
            f"and {len(graph.outputs)}"
        )
    kind = logits_of(graph, graph.outputs[0]).kind
    if kind is not None and outputs == "logits":
        raise ValueError(
            "`outputs` must be what the file returns, which ends in a "
            f"{kind}. Received: outputs={outputs!r}"
        )
    interpreter = _interpreter(path, runtime, threads)
    try:
        model = lift(graph, "logits", _arithmetic(interpreter.runtime))
    except BaseException:
        interpreter.close()
        raise
    return Seen(graph, kind, interpreter, model, None)


def _asked(path: str, runtime: str | None, threads: int, why: str) -> Seen:
    interpreter = _interpreter(path, runtime, threads)
    try:
        model = asked(interpreter)
    except BaseException:
        interpreter.close()
        raise
    return Seen(outline(interpreter), None, interpreter, model, why)


def _interpreter(
    path: str, runtime: str | None, threads: int
) -> runtimes.Interpreter:
    """Starts a runtime, or the first that can run the file.

    Fast kernels refuse what the others run, and newer versions of LiteRT some
    old files that a microcontroller still runs.
    """
    if runtime is not None:
        return runtimes.Interpreter(path, runtime, threads)
    refused: list[runtimes.CannotRunError] = []
    for name in runtimes.DEFAULT:
        try:
            runtimes.check(name)
            interpreter = runtimes.Interpreter(path, name, threads)
        except runtimes.CannotRunError as error:
            refused.append(error)
            continue
        except ValueError:  # it is not installed
            if not refused:
                raise
            continue
        if refused:
            warnings.warn(
                f"{os.path.basename(path)}: litert cannot run it "
                f"({refused[0].reason}), and {name} says the labels",
                stacklevel=6,
            )
        return interpreter
    raise refused[0]


def _arithmetic(runtime: str) -> str:
    return runtime if runtime in runtimes.DEFAULT else "litert"
