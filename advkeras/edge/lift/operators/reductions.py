"""Reductions along axes."""

from typing import Any

import numpy as np
import tensorflow as tf

from advkeras.edge.lift.graph import Operator
from advkeras.edge.lift.operators.table import TABLE

_REDUCTIONS = {
    "MEAN": tf.reduce_mean,
    "REDUCE_ALL": tf.reduce_all,
    "REDUCE_ANY": tf.reduce_any,
    "REDUCE_MAX": tf.reduce_max,
    "REDUCE_MIN": tf.reduce_min,
    "REDUCE_PROD": tf.reduce_prod,
    "SUM": tf.reduce_sum,
}


def _reduction(op: Operator, inputs: list[Any]) -> tf.Tensor:
    values, axes = inputs
    return _REDUCTIONS[op.name](
        values,
        axis=np.ravel(axes).tolist(),
        keepdims=bool(op.options["keepDims"]),
    )


TABLE.update(dict.fromkeys(_REDUCTIONS, _reduction))
