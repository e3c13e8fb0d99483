"""SciPy's L-BFGS-B, a solver an image, all asking one batch of gradients."""

from advkeras.attacks.solvers.lockstep.solver import solve

__all__ = ["solve"]
