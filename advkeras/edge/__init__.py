"""Export to .tflite, the runtimes that execute it, and what survives there."""

from advkeras.edge.runtimes import HERE as RUNTIMES
from advkeras.edge.runtimes import start
from advkeras.edge.survival import Survival
from advkeras.edge.survival import survival

__all__ = ["RUNTIMES", "Survival", "start", "survival"]
