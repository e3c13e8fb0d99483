"""What is timed beside what, one suite a file.

The `measure` of each takes a classifier, a data set and `Options`, and returns
the rows of its table, the floor first.
"""

from collections.abc import Callable

from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import budget
from advkeras.benchmark.suites import edge
from advkeras.benchmark.suites import fgsm
from advkeras.benchmark.suites import growth
from advkeras.benchmark.suites import lbfgs
from advkeras.benchmark.suites import lift
from advkeras.benchmark.suites import minimum
from advkeras.benchmark.suites import scale
from advkeras.benchmark.suites import training
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet

Suite = Callable[[Classifier, ImageSet, Options], list[Row]]

SUITES: dict[str, Suite] = {
    "fgsm": fgsm.measure,
    "lbfgs": lbfgs.measure,
    "minimum": minimum.measure,
    "budget": budget.measure,
    "edge": edge.measure,
    "lift": lift.measure,
    "scale": scale.measure,
    "growth": growth.measure,
    "training": training.measure,
}

__all__ = ["SUITES", "Suite"]
