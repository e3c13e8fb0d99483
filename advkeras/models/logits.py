"""The logits of a model, wherever its softmax hides.

Works on the traced graph, so that it is one thing for functional and subclassed
Keras models, Lambda layers and SavedModels. The logarithm of what a model
returns is derived operation by operation, from the output down to its softmax:
a softmax's is its input, a product's is a sum, a mean's is a logsumexp. Nothing
is ever rounded to a probability, and so no gradient is lost where the model is
confident.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

_CLIPPED = 1e-3  # what a clip of probabilities may take off either end
_ADDED = 1e-6  # what is added to a probability for safety's sake
# Moves of values, of which each has one argument that holds them.
_UNCHANGED = {
    "CheckNumerics",
    "EnsureShape",
    "Identity",
    "IdentityN",
    "PreventGradient",
    "Snapshot",
    "StopGradient",
}


@dataclasses.dataclass(frozen=True)
class Head:
    """What a model's outputs were made from.

    Attributes:
        kind: "softmax", over the last dimension, or "sigmoid", of each class
            by itself.
        logits: Function from images to what that was applied to, of the
            model's output shape, float32 at least. Where several softmaxes
            are mixed: logarithms of the mixture, exact as well.
    """

    kind: str
    logits: Callable[[Any], Any]


def find_head(
    function: Callable[[Any], Any], images: tf.TensorSpec
) -> Head | None:
    """Finds the softmax or the sigmoids that a function ends in.

    Args:
        function: From a batch of images to the outputs of a model, in
            inference mode. Its variables are used where they are: later
            training shows.
        images: Signature of the images.

    Returns:
        What was found; None where the outputs are not known to come from one.
    """
    try:
        traced = tf.function(
            function, input_signature=[images], autograph=False
        ).get_concrete_function()
    except Exception:  # of the model's own code, which may run eagerly alone
        return None
    # As one graph: calls of functions, of which a SavedModel is made, inlined.
    graph = convert_to_constants._run_inline_graph_optimization(
        traced, lower_control_flow=False, aggressive_inlining=True
    )
    for kind, rules in (("softmax", _SOFTMAX), ("sigmoid", _SIGMOID)):
        logits = _logits(traced, graph, images, rules)
        try:
            logits.get_concrete_function()
        except _UnknownError:
            continue
        return Head(kind, logits)
    return None


class _UnknownError(Exception):
    """Of this operation the logarithm is not known."""


def _logits(
    traced: Any, graph: Any, images: tf.TensorSpec, rules: dict[str, Any]
) -> Any:
    """Returns the function of images that `rules` make of a graph."""
    given, *captured = traced.inputs

    @tf.function(input_signature=[images], autograph=False)
    def logits(images: tf.Tensor) -> tf.Tensor:
        here = tf.compat.v1.get_default_graph()
        held = [here.capture(tensor) for tensor in traced.captured_inputs]
        inputs = {given.name: images} | {
            inner.name: outer
            for inner, outer in zip(captured, held, strict=True)
        }
        there = {f"{node.name}:0" for node in graph.node}
        (output,) = tf.graph_util.import_graph_def(
            graph,
            {name: t for name, t in inputs.items() if name in there},
            [traced.outputs[0].name],
            name="model",
        )
        return _wide(_Logarithm(images, rules).of(output, exact=False))

    return logits


class _Logarithm:
    """Logarithms of tensors in the graph that is being traced.

    Args:
        images: What the outputs depend on.
        rules: Operation -> what it makes of a logarithm.
    """

    def __init__(self, images: tf.Tensor, rules: dict[str, Any]):
        self._images = images
        self._rules = rules

    def of(self, tensor: tf.Tensor, exact: bool = True) -> tf.Tensor:
        """Returns the logarithm of a tensor.

        Args:
            tensor: Probabilities.
            exact: Whether it has to be that; else what has the same softmax
                will do.

        Raises:
            _UnknownError: It is not known.
        """
        if not self._of_images(tensor):
            return tf.math.log(_wide(tensor))
        rule = self._rules.get(tensor.op.type)
        if rule is None:
            raise _UnknownError(tensor.op.type)
        found: tf.Tensor = rule(self, tensor.op, exact)
        return found

    def _of_images(self, tensor: tf.Tensor) -> bool:
        waiting, seen = [tensor], set()
        while waiting:
            one = waiting.pop()
            if one is self._images:
                return True
            if one.name not in seen:
                seen.add(one.name)
                waiting.extend(one.op.inputs)
        return False


def _wide(tensor: tf.Tensor) -> tf.Tensor:
    half = tensor.dtype in (tf.float16, tf.bfloat16)
    return tf.cast(tensor, tf.float32) if half else tensor


def _softmax(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    logits = _wide(op.inputs[0])
    return tf.nn.log_softmax(logits) if exact else logits


def _unchanged(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    return log.of(op.inputs[0], exact)


def _cast(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    if not op.inputs[0].dtype.is_floating:
        raise _UnknownError("Cast")
    found = log.of(op.inputs[0], exact)
    return tf.cast(found, tf.float64) if op.outputs[0].dtype.size > 4 else found


def _clip(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    """Of limits that leave probabilities as good as they are."""
    values, limits = _values_and_constants(log, op)
    least = {"Maximum": [_CLIPPED], "Minimum": [np.inf]}
    most = {"Maximum": [-np.inf], "Minimum": [1 - _CLIPPED]}
    lower = least.get(op.type, [_CLIPPED, np.inf])
    upper = most.get(op.type, [-np.inf, 1 - _CLIPPED])
    for limit, at_most, at_least in zip(limits, lower, upper, strict=True):
        if not at_least <= limit <= at_most:
            raise _UnknownError(op.type)
    return log.of(values, exact)


def _sum_of_two(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    first, second = op.inputs
    for values, other in ((first, second), (second, first)):
        added = tf.get_static_value(other)
        if added is not None and np.max(np.abs(added)) <= _ADDED:
            return log.of(values)
    return _logsumexp([log.of(tensor) for tensor in op.inputs])


def _sum_of_several(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    return _logsumexp([log.of(tensor) for tensor in op.inputs])


def _product(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    first, second = map(log.of, op.inputs)
    return first + tf.cast(second, first.dtype)


def _quotient(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    first, second = map(log.of, op.inputs)
    return first - tf.cast(second, first.dtype)


def _power(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    found = log.of(op.inputs[0])
    return found * tf.cast(op.inputs[1], found.dtype)


def _exponential(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del log, exact
    return _wide(op.inputs[0])


def _reduced(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    """Of a sum or a mean along axes."""
    del exact
    values, axes = op.inputs
    keep = op.get_attr("keep_dims")
    found = tf.reduce_logsumexp(log.of(values), axes, keep)
    if op.type == "Mean":
        count = tf.reduce_prod(tf.gather(tf.shape(values), axes))
        found -= tf.math.log(tf.cast(count, found.dtype))
    return found


def _moved(move: Callable[[Any, Any], Any]) -> Any:
    def rule(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
        return move(log.of(op.inputs[0], exact), op)

    return rule


def _joined(log: _Logarithm, op: Any, exact: bool) -> tf.Tensor:
    del exact
    if op.type == "Pack":
        return tf.stack([log.of(t) for t in op.inputs], op.get_attr("axis"))
    *parts, axis = op.inputs
    return tf.concat([log.of(tensor) for tensor in parts], axis)


def _logsumexp(terms: list[tf.Tensor]) -> tf.Tensor:
    shape = tf.shape(terms[0])
    for term in terms[1:]:
        shape = tf.broadcast_dynamic_shape(shape, tf.shape(term))
    terms = [tf.broadcast_to(term, shape) for term in terms]
    return tf.reduce_logsumexp(tf.stack(terms), axis=0)


def _values_and_constants(
    log: _Logarithm, op: Any
) -> tuple[tf.Tensor, list[Any]]:
    """Returns the one input that is no constant, and the constants."""
    constants = [tf.get_static_value(tensor) for tensor in op.inputs]
    values = [t for t, c in zip(op.inputs, constants, strict=True) if c is None]
    known = [float(c) for c in constants if c is not None and c.size == 1]
    if len(values) != 1 or len(known) != len(constants) - 1:
        raise _UnknownError(op.type)
    return values[0], known


_PASSED: dict[str, Any] = {
    **dict.fromkeys(_UNCHANGED, _unchanged),
    **dict.fromkeys(("ClipByValue", "Maximum", "Minimum"), _clip),
    "Cast": _cast,
    "ExpandDims": _moved(lambda x, op: tf.expand_dims(x, op.inputs[1])),
    "Reshape": _moved(lambda x, op: tf.reshape(x, op.inputs[1])),
    "Squeeze": _moved(
        lambda x, op: tf.squeeze(x, op.get_attr("squeeze_dims") or None)
    ),
}
_SIGMOID: dict[str, Any] = {**_PASSED, "Sigmoid": _exponential}
_SOFTMAX: dict[str, Any] = {
    **_PASSED,
    **dict.fromkeys(("Add", "AddV2"), _sum_of_two),
    **dict.fromkeys(("Div", "RealDiv"), _quotient),
    **dict.fromkeys(("Mean", "Sum"), _reduced),
    **dict.fromkeys(("ConcatV2", "Pack"), _joined),
    "AddN": _sum_of_several,
    "Exp": _exponential,
    "Mul": _product,
    "Pow": _power,
    "Softmax": _softmax,
}
