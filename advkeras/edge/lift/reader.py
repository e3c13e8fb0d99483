"""From a .tflite file to a `Graph`: nothing in it is believed unchecked."""

import dataclasses
import math
import os
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from advkeras.edge import flatbuffer
from advkeras.edge.lift import foreign
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.refusal import CannotBeLiftedError
from advkeras.edge.lift.stored import tensors_of

_MOST_PIXELS = 1 << 25  # of one image
# What has parts of the file as its own, and which options have their numbers.
_PARTS = {
    "STABLEHLO_COMPOSITE": ("decompositionSubgraphIndex",),
    "WHILE": ("condSubgraphIndex", "bodySubgraphIndex"),
}


def read(path: str | os.PathLike) -> Graph:
    """Reads a .tflite file: tensors, constants and operators.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, it is not a whole .tflite file, or
            it holds what cannot be read: constants of another size than their
            shape, tensors beyond 2^28 elements for one image, images beyond
            2^25.
        CannotBeLiftedError: It is whole, and has what cannot be lifted:
            operators that are not known, tensors that keep a state, sparse
            ones that other than DENSIFY reads, and types that NumPy lacks. A
            ValueError too.
    """
    with flatbuffer.reading(path) as model:
        if not model.SubgraphsLength():
            raise ValueError("no graph")
        main = model.Subgraphs(0)  # others are parts of it
        unknown = foreign.foreign(model, main) or _foreign_parts(model, main)
        graph = None if unknown else _graph(os.fspath(path), model, main)
    if graph is None:
        raise CannotBeLiftedError(path, str(unknown))
    return graph


def _foreign_parts(model: Any, main: Any) -> str | None:
    """Returns what loops and composites have that is not supported."""
    for i in range(main.OperatorsLength()):
        stored = main.Operators(i)
        for number in _parts(model, stored, _options(stored), i):
            part = model.Subgraphs(number)
            names = [
                foreign.name_of(model, part.Operators(k).OpcodeIndex(), k)
                for k in range(part.OperatorsLength())
            ]
            unknown = foreign.foreign(model, part)
            for k, name in enumerate(names):
                if name in _PARTS:
                    unknown = f"operator {k}, {name}, is in a loop or composite"
            if unknown:
                return f"in graph {number}, {unknown}"
    return None


def _graph(path: str, model: Any, main: Any) -> Graph:
    """Returns all of a file whose tensors and operators are supported."""
    names = [
        foreign.name_of(model, main.Operators(i).OpcodeIndex(), i)
        for i in range(main.OperatorsLength())
    ]
    spread = [
        main.Operators(i)
        for i, name in enumerate(names)
        if name == foreign.DENSIFY
    ]
    tensors = _densified(spread, tensors_of(model, main))
    operators = tuple(
        _operator(path, model, main.Operators(i), i, tensors)
        for i, name in enumerate(names)
        if name != foreign.DENSIFY
    )
    graph = Graph(
        path=path,
        tensors=tensors,
        operators=operators,
        inputs=_listed(main.Inputs, main.InputsLength(), tensors),
        outputs=_listed(main.Outputs, main.OutputsLength(), tensors),
    )
    for tensor in graph.inputs:
        if math.prod(tensor.shape) > _MOST_PIXELS:
            raise ValueError(f"its input is of shape {tensor.shape}")
    _check_order(graph)
    return graph


def _densified(
    operators: list[Any], tensors: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Returns tensors, those that are made of sparse ones with their data."""
    found = list(tensors)
    for stored in operators:
        ends = stored.InputsLength(), stored.OutputsLength()
        if ends != (1, 1):
            raise ValueError(f"{foreign.DENSIFY} of {ends[0]} to {ends[1]}")
        given, made = (
            _at(tensors, at(0)) for at in (stored.Inputs, stored.Outputs)
        )
        kinds = (given.dtype, given.shape), (made.dtype, made.shape)
        if given.data is None or kinds[0] != kinds[1]:
            raise ValueError(
                f"tensor {made.index}, {kinds[1]}, is no dense constant of "
                f"tensor {given.index}, {kinds[0]}"
            )
        found[made.index] = dataclasses.replace(made, data=given.data)
    return tuple(found)


def _operator(
    path: str, model: Any, stored: Any, index: int, tensors: tuple[Tensor, ...]
) -> Operator:
    inputs = [stored.Inputs(i) for i in range(stored.InputsLength())]
    options = _options(stored)
    return Operator(
        index=index,
        name=foreign.name_of(model, stored.OpcodeIndex(), index),
        inputs=tuple(
            None if i == -1 else _at(tensors, i)  # an optional one left out
            for i in inputs
        ),
        outputs=_listed(stored.Outputs, stored.OutputsLength(), tensors),
        options=options,
        graphs=tuple(
            _graph(path, model, model.Subgraphs(number))
            for number in _parts(model, stored, options, index)
        ),
    )


def _options(stored: Any) -> dict[str, Any]:
    options = schema.BuiltinOptionsCreator(
        stored.BuiltinOptionsType(), stored.BuiltinOptions()
    )
    if options is None:
        options = schema.BuiltinOptions2Creator(
            stored.BuiltinOptions2Type(), stored.BuiltinOptions2()
        )
    return {} if options is None else vars(options)


def _parts(
    model: Any, stored: Any, options: dict[str, Any], index: int
) -> list[int]:
    """Returns the numbers of the graphs that an operator computes."""
    name = foreign.name_of(model, stored.OpcodeIndex(), index)
    numbers = [options[each] for each in _PARTS.get(name, ())]
    for number in numbers:
        if not 0 < number < model.SubgraphsLength():
            raise ValueError(f"operator {index} repeats graph {number}")
    return numbers


def _listed(
    at: Any, length: int, tensors: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    return tuple(_at(tensors, at(i)) for i in range(length))


def _at(tensors: tuple[Tensor, ...], index: int) -> Tensor:
    if not 0 <= index < len(tensors):
        raise ValueError(f"no tensor {index}")
    return tensors[index]


def _check_order(graph: Graph) -> None:
    """Raises ValueError unless everything is there before it is read."""
    known = {t.index for t in graph.tensors if t.data is not None}
    known |= {t.index for t in graph.inputs}
    for operator in graph.operators:
        for tensor in operator.inputs:
            if tensor is not None and tensor.index not in known:
                raise ValueError(
                    f"{operator} reads tensor {tensor.index}, which nothing "
                    "wrote before"
                )
        written = {tensor.index for tensor in operator.outputs}
        if written & known:
            raise ValueError(f"{operator} writes what is there already")
        known |= written
    for tensor in graph.outputs:
        if tensor.index not in known:
            raise ValueError(f"nothing writes the output, {tensor.index}")
