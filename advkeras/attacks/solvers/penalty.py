"""What L-BFGS adds to the loss for the size of r = x' - x.

Written with operators that NumPy and TensorFlow share, for both solvers. Pixels
are in units of their range.

The maximum norm is not among them. Its gradient is that of the one largest
pixel, and it has a kink wherever two pixels tie, which at a minimum they do:
a quasi-Newton method has nothing to hold on to. To bound the largest change,
use an attack that steps within an linf ball, such as FGSM.
"""

from typing import Any

PENALTIES = ("l2_squared", "l2")

# |r| has no gradient at r = 0. Below this length it is rounded off.
_ROUNDED = 1e-3


def penalty(norm: str, squared: Any) -> Any:
    """Returns the penalty, of |r|^2."""
    if norm == "l2_squared":
        return squared
    return (squared + _ROUNDED**2) ** 0.5 - _ROUNDED


def pull(norm: str, squared: Any) -> Any:
    """Returns k such that k r is the penalty's gradient, of |r|^2.

    It is the penalty's curvature too: of |r|^2 in all directions, of |r| in
    all but that of r.
    """
    if norm == "l2_squared":
        return 0 * squared + 2.0
    return (squared + _ROUNDED**2) ** -0.5
