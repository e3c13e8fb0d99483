"""Our attacks timed beside the bare work, SciPy and other libraries."""

from advkeras.benchmark.machine import facts
from advkeras.benchmark.machine import peers_here
from advkeras.benchmark.machine import versions
from advkeras.benchmark.memory import Memory
from advkeras.benchmark.memory import peak_memory
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import SUITES
from advkeras.benchmark.timing import Times
from advkeras.benchmark.timing import interleaved

__all__ = [
    "SUITES",
    "Memory",
    "Options",
    "Row",
    "Times",
    "facts",
    "interleaved",
    "peak_memory",
    "peers_here",
    "versions",
]
