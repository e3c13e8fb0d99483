"""A program whose operators do not hear of each other's errors."""

import dataclasses

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.program import Program

# They read no value of what they are given.
_OF_SHAPES = ("RANK", "SHAPE")


def operators_of_images(program: Program) -> tuple[Operator, ...]:
    """Returns the operators that depend on the images."""
    written = {tensor.index for tensor in program.depends_on_images()}
    return tuple(
        operator
        for operator in program.graph.operators
        if any(tensor.index in written for tensor in operator.outputs)
    )


def written_numbers(program: Program) -> list[tuple[Operator, Tensor]]:
    """Returns what operators make of the images that is to be compared.

    Floats, integers that stand for numbers, and integers that are made of
    those that an input is given; none that are shapes or places.
    """
    graph = program.graph
    whole = {
        tensor.index
        for tensor in graph.inputs
        if straight_through.is_whole(tensor)
    }
    found = []
    for operator in operators_of_images(program):
        moves = operator.name not in _OF_SHAPES and any(
            tensor is not None and tensor.index in whole
            for tensor in operator.inputs
        )
        for tensor in operator.outputs:
            if tensor.dtype.startswith("float") or straight_through.is_scaled(
                tensor
            ):
                found.append((operator, tensor))
            elif moves and straight_through.is_whole(tensor):
                whole.add(tensor.index)
                found.append((operator, tensor))
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class Severed:
    """A program that is given what every operator reads.

    Attributes:
        program: Its inputs are all tensors of numbers that operators read,
            its outputs what each operator makes of them alone.
        given: The tensors of the file that are its inputs.
        written: The tensors of the file that its outputs stand for.
    """

    program: Program
    given: tuple[Tensor, ...]
    written: tuple[Tensor, ...]


def sever(program: Program) -> Severed | None:
    """Cuts a program between its operators.

    Args:
        program: What computes the whole file.

    Returns:
        Its parts; None where they cannot be run for several images at once.
    """
    graph = program.graph
    operators = operators_of_images(program)
    written = [tensor for _, tensor in written_numbers(program)]
    alive = {tensor.index: tensor for tensor in (*graph.inputs, *written)}
    given = {
        tensor.index: tensor
        for operator in operators
        for tensor in operator.inputs
        if tensor is not None and tensor.index in alive
    }
    if program.each_alone:
        return None
    # Written beside: what is read is what was given.
    beside = {
        tensor.index: dataclasses.replace(
            tensor, index=tensor.index + len(graph.tensors)
        )
        for tensor in written
    }
    cut = dataclasses.replace(
        graph,
        tensors=(*graph.tensors, *beside.values()),
        operators=tuple(
            dataclasses.replace(
                operator,
                outputs=tuple(beside.get(t.index, t) for t in operator.outputs),
            )
            for operator in graph.operators
        ),
        inputs=tuple(map(_as_input, given.values())),
        outputs=tuple(beside.values()),
    )
    try:
        cut_up = Program(cut, program.runtime)
        return Severed(cut_up, tuple(given.values()), tuple(written))
    except ValueError:
        return None


def _as_input(tensor: Tensor) -> Tensor:
    """Returns a tensor as an input that is given the numbers it stands for.

    What an operator makes of them it knows of the tensor as the file has it.
    """
    wide = straight_through.is_scaled(tensor)
    if not wide or straight_through.is_quantized(tensor):
        return tensor
    return dataclasses.replace(tensor, dtype="float32", quantization=None)
