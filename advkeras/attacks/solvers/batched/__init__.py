"""All images at once, on TensorFlow's device."""

from advkeras.attacks.solvers.batched.solver import solve

__all__ = ["solve"]
