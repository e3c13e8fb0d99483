"""A model's graph, and how bounds go along it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Use:
    """One use of a layer, or of an operation such as `x + y`.

    Attributes:
        name: The layer's; behind the model's that it is nested in, and "/".
        layer: The layer, or Keras operation.
        inputs: Shape of each input, without the batch.
        output: Shape of the first output, without the batch.
    """

    name: str
    layer: Any
    inputs: tuple[Shape, ...]
    output: Shape

    @property
    def key(self) -> tuple[Any, ...]:
        """What two uses share that have the same bound."""
        return id(self.layer), self.inputs, self.output


# Of a use and the bounds of its inputs: the bound of its outputs.
Visit = Callable[[Use, list[float]], float]


def has_graph(model: Any) -> bool:
    """Returns whether a model is a built functional or Sequential one."""
    return (
        isinstance(model, keras.Model)
        and model.built
        and bool(getattr(model, "outputs", None))
        and hasattr(model.outputs[0], "_keras_history")
    )


def walk(
    model: keras.Model, bounds: list[float], visit: Visit, prefix: str = ""
) -> list[float]:
    """Returns the bounds of a model's outputs, from those of its inputs.

    A bound is the Lipschitz constant of the map from the input of the whole
    network to a tensor, or above. A nested model is walked in its place.

    Args:
        model: One with a graph.
        bounds: One for each input.
        visit: Called for every use of what is no model, in an order in which
            each comes after what it depends on.
        prefix: Of all names.
    """
    known = {
        id(x): bound for x, bound in zip(model.inputs, bounds, strict=True)
    }
    for node in _nodes(model):
        if all(id(y) in known for y in node.output_tensors):
            continue  # an input
        operation = node.operation
        name = prefix + operation.name
        before = [known[id(x)] for x in node.input_tensors]
        if has_graph(operation):
            after = walk(operation, before, visit, f"{name}/")
        else:
            use = Use(
                name,
                operation,
                tuple(tuple(x.shape[1:]) for x in node.input_tensors),
                tuple(node.output_tensors[0].shape[1:]),
            )
            after = [visit(use, before)] * len(node.output_tensors)
        known.update(
            (id(y), bound)
            for y, bound in zip(node.output_tensors, after, strict=True)
        )
    return [known[id(y)] for y in model.outputs]


def _nodes(model: keras.Model) -> list[Any]:
    """Returns the nodes of a model's graph, each behind its parents."""
    inputs = {id(_node(x)) for x in model.inputs}
    done: dict[int, Any] = {}
    stack = [(_node(y), False) for y in reversed(model.outputs)]
    while stack:
        node, parents_done = stack.pop()
        if id(node) in done:
            continue
        if parents_done:
            done[id(node)] = node
            continue
        stack.append((node, True))
        if id(node) not in inputs:
            parents = [_node(x) for x in node.input_tensors]
            stack += [(p, False) for p in reversed(parents)]
    return list(done.values())


def _node(tensor: Any) -> Any:
    operation, index, _ = tensor._keras_history
    return operation._inbound_nodes[index]
