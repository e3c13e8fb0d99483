"""The operators: each a function of its inputs, in one table by name."""

from advkeras.edge.lift.operators import activations as _activations
from advkeras.edge.lift.operators import arithmetic as _arithmetic
from advkeras.edge.lift.operators import convolutions as _convolutions
from advkeras.edge.lift.operators import pooling as _pooling
from advkeras.edge.lift.operators import reductions as _reductions
from advkeras.edge.lift.operators import resizing as _resizing
from advkeras.edge.lift.operators import shapes as _shapes
from advkeras.edge.lift.operators.table import TABLE

__all__ = ["TABLE"]
