"""The operators: each a function of its inputs, in one table by name."""

from advkeras.edge.lift.operators import activations
from advkeras.edge.lift.operators import arithmetic
from advkeras.edge.lift.operators import control
from advkeras.edge.lift.operators import convolutions
from advkeras.edge.lift.operators import pooling
from advkeras.edge.lift.operators import recurrent
from advkeras.edge.lift.operators import reductions
from advkeras.edge.lift.operators import resizing
from advkeras.edge.lift.operators import selection
from advkeras.edge.lift.operators import shapes
from advkeras.edge.lift.operators.table import TABLE

__all__ = [
    "TABLE",
    "activations",
    "arithmetic",
    "control",
    "convolutions",
    "pooling",
    "recurrent",
    "reductions",
    "resizing",
    "selection",
    "shapes",
]
