"""The LSTM of integers: activations of 8 bits, gates and cells of 16.

Gates are summed in steps of 2^-12 and written in steps of 2^-15; a cell's
step is a power of two. LiteRT and TensorFlow Lite Micro differ in the curves
of their gates, and in what they round twice.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import gates
from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.graph import Tensor

_GIVEN = 2.0**-12  # steps of what a gate is given
_MADE = 2.0**-15  # and of what it makes
_WIDE = np.iinfo(np.int16)
# Integers, float64: of the values of all steps, or of one step.
_Read = Callable[[tf.Tensor], tf.Tensor]
_Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def of_integers(
    op: Operator,
    weights: tuple[Tensor, ...],
    recurrent: tuple[Tensor, ...],
    biases: tuple[Tensor, ...],
    states: tuple[Tensor, ...],
) -> tuple[_Read, _Step]:
    """Returns what an LSTM does to integers, as its runtime's kernel does.

    Args:
        op: The operator; of four gates: input, forget, cell, output.
        weights: Of what it reads, for each gate, (cells, inputs).
        recurrent: Of what it wrote the step before, (cells, cells).
        biases: For each gate, (cells,).
        states: What it wrote, and its cells.

    Returns:
        A function of the integers that are read, (..., inputs), to what they
        add to the gates, (..., 4 * cells); and one of that of one step, and
        the integers written and of the cells the step before, to these.
    """
    hidden, cell = states
    read = _product(op, op.inputs[0], weights, biases)
    remember = _product(op, hidden, recurrent, None)
    micro = op.runtime == "tflm"
    fraction, exponent = math.frexp(fixed_point.grid(cell)[0])
    if fraction != 0.5:
        raise ValueError("its cells' step is no power of two")
    power = exponent - 1
    logistic, tanh, squash = _curves(micro, power)
    clip = _clip(op, cell)

    def step(
        given: tf.Tensor, written: tf.Tensor, cells: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        remembered = remember(written)
        if micro:
            remembered = _held(remembered)
        enter, keep, new, leave = tf.split(_held(remembered + given), 4, -1)
        kept = _scaled(logistic(keep) * cells, _MADE, micro)
        added = _scaled(
            logistic(enter) * tanh(new), _MADE**2 / 2.0**power, micro
        )
        cells = _held(kept + added)
        if clip:
            cells = tf.clip_by_value(cells, -clip, clip)
        return _written(op, logistic(leave) * squash(cells), hidden), cells

    return lambda given: _held(read(given)), step


def _product(
    op: Operator,
    given: Tensor | None,
    weights: tuple[Tensor, ...],
    biases: tuple[Tensor, ...] | None,
) -> _Read:
    """Returns a function of integers to a product in steps of a gate."""
    scale, zero_point = fixed_point.grid(given)
    kind = _kind(op)
    stored = [np.asarray(tensor.data, np.float64) for tensor in weights]
    offset = np.concatenate([-zero_point * each.sum(1) for each in stored])
    if biases is not None:
        offset += np.concatenate([np.asarray(each.data) for each in biases])
    factors = np.repeat(
        [
            float(kind(scale) * kind(fixed_point.grid(tensor)[0])) / _GIVEN
            for tensor in weights
        ],
        len(stored[0]),
    )
    mantissas, exponents = map(
        np.array, zip(*map(fixed_point.parts, factors), strict=True)
    )
    matrix = tf.constant(np.concatenate(stored).T)

    def product(integers: tf.Tensor) -> tf.Tensor:
        sums = tf.tensordot(integers, matrix, 1) + offset
        return fixed_point.times(sums, mantissas, exponents)

    return product


def _kind(op: Operator) -> type[np.floating]:
    """Returns what scales are multiplied in."""
    return np.float64 if op.runtime == "tflm" else np.float32


def _curves(micro: bool, power: int) -> list[Callable[[tf.Tensor], tf.Tensor]]:
    """Returns logistic and tanh of a gate, and tanh of a cell."""
    if micro:
        finer = power + 12
        tables = (
            gates.table_logistic(3, 0),
            gates.table_tanh(3, 0),
            gates.table_tanh(3 << max(finer, 0), max(-finer, 0)),
        )
    else:
        tables = gates.logistic(), gates.tanh(3), gates.tanh(15 + power)
    return [functools.partial(gates.looked_up, table) for table in tables]


def _clip(op: Operator, cell: Tensor) -> float:
    steps = op.options["cellClip"] / float(fixed_point.grid(cell)[0])
    return float(np.clip(math.trunc(steps), _WIDE.min, _WIDE.max))


def _written(op: Operator, product: tf.Tensor, hidden: Tensor) -> tf.Tensor:
    """Returns what a product of two curves is written as."""
    scale, zero_point = fixed_point.grid(hidden)
    factor = _kind(op)(_MADE**2) / _kind(op)(scale)
    found = fixed_point.times(product, *fixed_point.parts(float(factor)))
    ends = np.iinfo(hidden.dtype)
    return tf.clip_by_value(found + zero_point, ends.min, ends.max)


def _scaled(values: tf.Tensor, factor: float, twice: bool) -> tf.Tensor:
    """Returns values times a power of two, rounded once or twice."""
    if twice:
        return _held(fixed_point.times(values, *fixed_point.parts(factor)))
    return fixed_point.away(values * factor)


def _held(values: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(values, _WIDE.min, _WIDE.max)
