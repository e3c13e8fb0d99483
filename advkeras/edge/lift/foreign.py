"""What a whole .tflite file has that cannot be lifted."""

from typing import Any

from advkeras.edge import flatbuffer
from advkeras.edge.lift.operators import TABLE

_TYPES = {"float32", "float16", "float64", "int8", "uint8", "int16", "int32"}
_TYPES |= {"int64", "bool"}
# What may read a tensor that keeps a state, and where.
_STATES = {"SVDF": (4,), "UNIDIRECTIONAL_SEQUENCE_LSTM": (18, 19)}
DENSIFY = "DENSIFY"  # is done at reading, and alone may read what is sparse
# What a vendor's compiler made of all that its chip computes.
_COMPILED = {
    "edgetpu-custom-op": "an Edge TPU by edgetpu_compiler",
    "ethos-u": "an Ethos-U by Vela",
}


def foreign(model: Any, graph: Any) -> str | None:
    """Returns what a graph has that is not supported, if anything.

    Operators first: one that is not known explains the tensors around it.

    Args:
        model: The root of the file.
        graph: A graph of it.
    """
    for i in range(graph.OperatorsLength()):
        name = name_of(model, graph.Operators(i).OpcodeIndex(), i)
        if name in _COMPILED:
            return (
                f"operator {i}, {name}, is compiled for {_COMPILED[name]}, "
                "which alone can run it: bring the file from before it was"
            )
        if name not in TABLE and name != DENSIFY:
            return f"operator {i}, {name}, is not known"
    states, dense = _states(model, graph), _read_by_others(model, graph)
    for i in range(graph.TensorsLength()):
        stored = graph.Tensors(i)
        name = (stored.Name() or b"").decode(errors="replace")
        dtype = flatbuffer.dtype_name(stored)
        if stored.IsVariable() and i not in states:
            return f"tensor {i}, {name!r}, keeps a state"
        if stored.Sparsity() is not None and i in dense:
            return f"tensor {i}, {name!r}, is sparse"
        if dtype not in _TYPES:
            return f"tensor {i}, {name!r}, is of type {dtype}"
    return None


def _states(model: Any, graph: Any) -> set[int]:
    """Returns the tensors that are nothing but states that are known."""
    states: set[int] = set()
    others: set[int] = set()
    for i in range(graph.OperatorsLength()):
        stored = graph.Operators(i)
        known = _STATES.get(name_of(model, stored.OpcodeIndex(), i), ())
        for k in range(stored.InputsLength()):
            index = stored.Inputs(k)
            alone = k in known and index not in states
            (states if alone else others).add(index)
    return states - others


def _read_by_others(model: Any, graph: Any) -> set[int]:
    """Returns the tensors that have to be dense."""
    others = {graph.Outputs(i) for i in range(graph.OutputsLength())}
    for i in range(graph.OperatorsLength()):
        stored = graph.Operators(i)
        if name_of(model, stored.OpcodeIndex(), i) != DENSIFY:
            others |= {stored.Inputs(k) for k in range(stored.InputsLength())}
    return others


def name_of(model: Any, number: int, index: int) -> str:
    """Returns the name of an operator.

    Args:
        model: The root of the file.
        number: Of its code.
        index: Its place in its graph.

    Raises:
        ValueError: There is no such code.
    """
    if not 0 <= number < model.OperatorCodesLength():
        raise ValueError(f"operator {index} has code {number}")
    return flatbuffer.operator_name(model.OperatorCodes(number))
