"""The scores of a classifier: what lies at its end, and the logits below."""

import dataclasses

import tensorflow as tf

from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Graph
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.standalone.run_on_device import is_scores

# They mix values: what they write is new, and not what was before in another
# form.
_MIX = {
    "AVERAGE_POOL_2D",
    "BATCH_MATMUL",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MEAN",
    "STABLEHLO_COMPOSITE",
    "SUM",
    "SVDF",
    "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "WHILE",
}
# What is within 0 .. 1 they leave as it is.
_LEAVE = {
    "ABS",
    "DEQUANTIZE",
    "QUANTIZE",
    "RELU",
    "RELU6",
    "RELU_0_TO_1",
    "RELU_N1_TO_1",
}
_RESHAPE = {"EXPAND_DIMS", "RESHAPE", "SQUEEZE"}
_ROUNDED = 1e-6  # of a score, by float32


@dataclasses.dataclass(frozen=True)
class Logits:
    """The logits of an output.

    Attributes:
        tensor: What a SOFTMAX or a LOGISTIC is given; the output itself where
            it is neither's.
        beta: What it is multiplied by.
        kind: "softmax"; "logistic", of one unit: that of class 1, beside a 0
            for class 0; None for an output that is neither's.
    """

    tensor: Tensor
    beta: float = 1.0
    kind: str | None = None

    def of(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the logits of what the tensor holds, (n, classes).

        As they are where there is more than one score a class.
        """
        if self.beta != 1:
            values = values * self.beta
        if is_scores(self.tensor.signature) and len(self.tensor.shape) > 2:
            values = tf.reshape(values, (-1, self.tensor.shape[-1]))
        if self.kind == "logistic":
            values = tf.concat([tf.zeros_like(values), values], axis=-1)
        return values


def logits_of(graph: Graph, output: Tensor) -> Logits:
    """Finds the logits of an output.

    Args:
        graph: The graph.
        output: An output of it; between it and its softmax there may be what
            changes neither probabilities nor their order.
    """
    writers = _writers(graph)
    operator = writers.get(output.index)
    while operator is not None and _keeps_probabilities(operator):
        given = _read(operator)
        operator = writers.get(given.index) if given is not None else None
    if operator is None or operator.inputs[0] is None:
        return Logits(output)
    given = operator.inputs[0]
    if operator.name == "SOFTMAX":
        return Logits(given, operator.options["beta"], "softmax")
    one_unit = is_scores(given.signature) and given.shape[-1] == 1
    if operator.name == "LOGISTIC" and one_unit:
        return Logits(given, kind="logistic")
    return Logits(output)


def end_of(graph: Graph) -> frozenset[int]:
    """Returns the indices of the scores: outputs, and what they are made of.

    Back to what the last operator that mixes values writes.
    """
    writers = _writers(graph)
    found: set[int] = set()
    todo = list(graph.outputs)
    while todo:
        tensor = todo.pop()
        operator = writers.get(tensor.index)
        if operator is None or tensor.index in found:
            continue
        found.add(tensor.index)
        if operator.name not in _MIX:
            todo += [given for given in operator.inputs if given is not None]
    return frozenset(found)


def _writers(graph: Graph) -> dict[int, Operator]:
    return {t.index: op for op in graph.operators for t in op.outputs}


def _read(operator: Operator) -> Tensor | None:
    """Returns what an operator works on: of two, that which is not constant."""
    if operator.name in ("MAXIMUM", "MINIMUM"):
        found = [t for t in operator.inputs if t is not None and t.data is None]
        return found[0] if len(found) == 1 else None
    return operator.inputs[0] if operator.inputs else None


def _keeps_probabilities(operator: Operator) -> bool:
    given, written = _read(operator), operator.outputs[0]
    if given is None:
        return False
    if operator.name == "CAST":
        return written.dtype.startswith("float")
    if operator.name in _RESHAPE:
        return (
            is_scores(given.signature)
            and is_scores(written.signature)
            and given.shape[-1] == written.shape[-1]
        )
    if operator.name in ("MAXIMUM", "MINIMUM"):
        return _clips_nothing(operator, given)
    return operator.name in _LEAVE


def _clips_nothing(operator: Operator, given: Tensor) -> bool:
    """Whether a MAXIMUM or MINIMUM leaves all of 0 .. 1 that is held."""
    (other,) = (t for t in operator.inputs if t is not None and t is not given)
    end = straight_through.constant(other)
    lower, upper = 0.0, 1.0
    if straight_through.is_quantized(given):
        held = straight_through.limits(given)
        lower, upper = max(lower, held[0]), min(upper, held[1])
    if operator.name == "MAXIMUM":
        return bool((end <= lower + _ROUNDED).all())
    return bool((end >= upper - _ROUNDED).all())
