"""Recurrent operators: they read what they wrote the step before.

A file keeps that for its next image; here every image is the first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import lstm
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor
from advkeras.edge.lift.operators.table import activated
from advkeras.edge.lift.operators.table import operator

_RELU, _TANH = 1, 4
# Where an LSTM has what, of its 24 inputs; its gates are input, forget, cell
# and output.
_WEIGHTS, _RECURRENT, _BIASES = slice(1, 5), slice(5, 9), slice(12, 16)
_STATES = slice(18, 20)
_OTHER = {
    "peepholes": slice(9, 12),
    "a projection": slice(16, 18),
    "normalised gates": slice(20, 24),
}
_States = list[tf.Tensor]  # what was written, and the cells


@operator("UNIDIRECTIONAL_SEQUENCE_LSTM")
def unidirectional_sequence_lstm(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """An LSTM over (n, steps, inputs), or (steps, n, inputs), as Keras's."""
    _check_as_keras_has_it(op)
    time_major = op.options["timeMajor"]
    rows = inputs[0] if time_major else _turned(inputs[0])
    kernel, recurrent, bias = (
        tf.concat(inputs[part], 0) for part in (_WEIGHTS, _RECURRENT, _BIASES)
    )
    given = [tf.tensordot(_read(op, rows), kernel, [[-1], [-1]]) + bias]
    held = None
    if straight_through.is_quantized(op.inputs[0]):
        read, held = _of_integers(op)
        given.append(read(rows))
    clip = op.options["cellClip"]

    def step(before: _States, now: list[tf.Tensor]) -> _States:
        remembered = _read(op, before[0])
        gates = now[0] + tf.matmul(remembered, recurrent, transpose_b=True)
        enter, keep, new, leave = tf.split(gates, 4, axis=-1)
        cells = tf.sigmoid(keep) * before[1]
        cells += tf.sigmoid(enter) * tf.tanh(new)
        if clip > 0:
            cells = tf.clip_by_value(cells, -clip, clip)
        found = [tf.sigmoid(leave) * tf.tanh(cells), cells]
        return found if held is None else held(found, before, now[1])

    nothing = tf.zeros((tf.shape(rows)[1], recurrent.shape[1]))
    written = tf.scan(step, given, [nothing, nothing])[0]
    return written if time_major else _turned(written)


@operator("SVDF")
def svdf(op: Operator, inputs: list[Any]) -> tf.Tensor:
    """A dense layer of filters over what they made the steps before.

    Each filter is a product with what is read and one over time, and `rank` of
    them are a unit (Nakkiran and others, Compressing Deep Neural Networks using
    a Rank-Constrained Topology, 2015). Of the first step that over time is its
    last weight alone: all that was before is 0.
    """
    values, features, times, bias, state = inputs
    if state is None:
        raise ValueError("it has no state")
    made = tf.matmul(_read(op, values), features, transpose_b=True)
    found = _of_units(op, made * times[:, -1])
    found = found if bias is None else found + bias
    written = op.outputs[0]
    if not straight_through.is_quantized(op.inputs[0]):
        return activated(op, found)
    # Kernels of integers have no activation but the ends of what they write.
    fused = op.options["fusedActivationFunction"]
    if fused == _RELU and straight_through.limits(written)[0] == 0:
        found = tf.nn.relu(found)
    steps = _svdf_of_integers(op, tf.stop_gradient(values))
    exact = tf.cast(steps, tf.float32) * fixed_point.grid(written)[0]
    return straight_through.instead(exact, found)


def _svdf_of_integers(op: Operator, values: tf.Tensor) -> tf.Tensor:
    """Returns steps of the output, float64, as the kernels have them.

    LiteRT's reference/svdf.h and TensorFlow Lite Micro's svdf_common.cc.

    Raises:
        ValueError: Its state is one that its runtime misreads.
    """
    given, features, times, bias, state = op.inputs
    micro = op.runtime == "tflm"
    _, zero_point = fixed_point.grid(state)
    kinds = {each.dtype for each in (times, state) if each is not None}
    if kinds != {"int16"} and not (micro and kinds == {"int8"}):
        raise ValueError(
            f"{op.runtime} takes weights over time and a state of "
            f"{' and '.join(sorted(kinds))} for others"
        )
    if kinds == {"int16"} and zero_point:
        raise ValueError(f"its state has the zero point {zero_point}")
    # TensorFlow Lite Micro alone multiplies scales in float64.
    kind = np.float64 if micro else np.float32
    one, feature, time, step, written = (
        kind(fixed_point.grid(each)[0])
        for each in (given, features, times, state, op.outputs[0])
    )
    first = fixed_point.parts(float(one * feature / step))
    second = fixed_point.parts(float(step * time / written))
    read = tf.cast(fixed_point.steps(values, given), tf.float64)
    sums = tf.matmul(read, _stored(features), transpose_b=True)
    ends = np.iinfo(kinds.pop())
    made = fixed_point.times(sums, *first)
    made = tf.clip_by_value(made, ends.min, ends.max)
    if zero_point:  # which is added to what is clipped, and that wraps around
        bottom = ends.min - zero_point
        made = tf.math.floormod(made - bottom, 1 << ends.bits) + bottom
    found = _of_units(op, made * _stored(times)[:, -1])
    found = found if bias is None else found + _stored(bias)
    return fixed_point.times(found, *second)


def _stored(tensor: Tensor | None) -> np.ndarray:
    """Returns the integers of a constant, float64."""
    if tensor is None or tensor.data is None:
        raise ValueError("its weights are no constants")
    return tensor.data.astype(np.float64)


def _of_units(op: Operator, filters: tf.Tensor) -> tf.Tensor:
    """Returns the sums of the filters of each unit."""
    rank = op.options["rank"]
    units = filters.shape[-1] // rank
    return tf.reduce_sum(tf.reshape(filters, (-1, units, rank)), axis=-1)


def _of_integers(
    op: Operator,
) -> tuple[
    Callable[[tf.Tensor], tf.Tensor],
    Callable[[_States, _States, tf.Tensor], _States],
]:
    """Returns what a kernel reads of numbers, and what it makes of a step's."""
    states = _tensors(op, _STATES)
    read, step = lstm.of_integers(
        op,
        _tensors(op, _WEIGHTS),
        _tensors(op, _RECURRENT),
        _tensors(op, _BIASES),
        states,
    )

    def integers(values: tf.Tensor, tensor: Any) -> tf.Tensor:
        found = fixed_point.integers(tf.stop_gradient(values), tensor)
        return tf.cast(found, tf.float64)

    def held(found: _States, before: _States, now: tf.Tensor) -> _States:
        made = step(now, *map(integers, before, states))
        exact = map(fixed_point.numbers, made, states)
        return [
            straight_through.instead(*pair)
            for pair in zip(exact, found, strict=True)
        ]

    return lambda rows: read(integers(rows, op.inputs[0])), held


def _read(op: Operator, values: tf.Tensor) -> tf.Tensor:
    """Returns values as a product with weights reads them, row by row."""
    given, weights = op.inputs[0], op.inputs[_WEIGHTS][0]
    if straight_through.is_quantized(given):
        return values
    if not straight_through.is_quantized(weights):
        return values
    if op.options["asymmetricQuantizeInputs"]:
        return straight_through.as_dynamic(values, [-1])
    return straight_through.as_symmetric(values, [-1])


def _tensors(op: Operator, part: slice) -> tuple[Tensor, ...]:
    """Returns some of the tensors that an operator reads.

    Raises:
        ValueError: One is left out.
    """
    found = tuple(tensor for tensor in op.inputs[part] if tensor is not None)
    if len(found) < part.stop - part.start:
        raise ValueError("a gate lacks its weights")
    return found


def _turned(values: tf.Tensor) -> tf.Tensor:
    return tf.transpose(values, (1, 0, 2))


def _check_as_keras_has_it(op: Operator) -> None:
    """Raises ValueError if it is another LSTM than that of Keras."""
    for name, part in _OTHER.items():
        if any(tensor is not None for tensor in op.inputs[part]):
            raise ValueError(f"it has {name}")
    for part in (_WEIGHTS, _RECURRENT, _BIASES, _STATES):
        _tensors(op, part)
    if op.options["fusedActivationFunction"] != _TANH:
        raise ValueError(f"activation {op.options['fusedActivationFunction']}")
