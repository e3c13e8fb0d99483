"""Loops: how many steps they take, where that does not depend on images."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor

_MOST_STEPS = 10_000


def counted(operator: Operator, constants: dict[int, Any]) -> Operator:
    """Returns a loop with its number of steps, as the option "steps".

    None where constants do not say it. Only what its condition looks at is
    computed for this, a counter in most files.

    Args:
        operator: A loop, with its parts.
        constants: What is known of the tensors that it reads, by index.

    Raises:
        ValueError: Its parts do not fit, or it takes too many steps.
    """
    condition, body = operator.parts
    _check_fits(operator, condition.graph, body.graph)
    places = _read_by(condition.graph, condition.graph.outputs)
    while True:
        more = _read_by(body.graph, [body.graph.outputs[i] for i in places])
        if more <= places:
            break
        places |= more
    given = {i: operator.inputs[i] for i in places}
    values = {
        i: constants[tensor.index]
        for i, tensor in given.items()
        if tensor is not None and tensor.index in constants
    }
    steps = None
    if len(values) == len(places):
        steps = _counted(operator, values)
    options = {**operator.options, "steps": steps}
    return dataclasses.replace(operator, options=options)


def _counted(operator: Operator, values: dict[int, Any]) -> int:
    condition, body = operator.parts
    for steps in range(_MOST_STEPS + 1):
        if not _after(condition, values, {0})[0]:
            return steps
        values = _after(body, values, values)
    raise ValueError(f"{operator}, takes more than {_MOST_STEPS} steps")


def _after(
    part: Any, values: dict[int, Any], wanted: Iterable[int]
) -> dict[int, Any]:
    """Returns some outputs of a part, by their place, given some inputs."""
    graph = part.graph
    known = part.known({graph.inputs[i].index: v for i, v in values.items()})
    return {i: known[graph.outputs[i].index] for i in wanted}


def _read_by(graph: Graph, wanted: Iterable[Tensor]) -> set[int]:
    """Returns the places of the inputs that some tensors depend on."""
    needed = {tensor.index for tensor in wanted}
    for operator in reversed(graph.operators):
        if any(tensor.index in needed for tensor in operator.outputs):
            needed |= {t.index for t in operator.inputs if t is not None}
    return {i for i, t in enumerate(graph.inputs) if t.index in needed}


def _check_fits(operator: Operator, condition: Graph, body: Graph) -> None:
    """Raises ValueError unless a loop's tensors are those of its parts."""
    kept = [
        [None if t is None else t.dtype for t in tensors]
        for tensors in (
            operator.inputs,
            operator.outputs,
            condition.inputs,
            body.inputs,
            body.outputs,
        )
    ]
    said = [(tensor.dtype, tensor.shape) for tensor in condition.outputs]
    if any(each != kept[0] for each in kept) or said not in (
        [("bool", ())],
        [("bool", (1,))],
    ):
        raise ValueError(f"{operator}, has parts that do not fit")
