"""The peak memory of a piece of work, in a process of its own.

A peak does not go down: in one process the second piece of work would be
charged with the first one's. Nor does a process give back what it has once
used, so that a second piece would also find room that it need not ask for.
"""

import contextlib
import dataclasses
import multiprocessing
import sys
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any
from typing import Generic
from typing import TypeVar

from advkeras.edge.quiet import quiet

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Memory(Generic[T]):
    """Resident memory of a process, in bytes, and what its work returned.

    Attributes:
        before: When the work began: libraries, model, images, warmed up.
        peak: The most while it was at work. `peak - before` is what the work
            itself took, if nothing that was prepared was given back.
        returned: What the work returned.
    """

    before: int
    peak: int
    returned: T


def peak_memory(
    prepare: Callable[..., Callable[[], T]], *arguments: Any
) -> Memory[T]:
    """Measures the peak memory of a piece of work in a process of its own.

    The process is started afresh, not forked, with nothing of this one in
    it. As ever with such a process, a script that calls this must begin its
    work below `if __name__ == "__main__":`.

    Args:
        prepare: A function of a module, that can be imported. Given the
            arguments, it does what is not to be measured and returns the
            work, a function without arguments.
        *arguments: What `prepare` takes; they are pickled.

    Returns:
        Resident bytes before and at the peak, and what the work returned.
        Where the system does not let a process reset its peak, as Linux does,
        the peak is that of preparation and work together.

    Raises:
        ValueError: The process came to an end before the work did.
    """
    context = multiprocessing.get_context("spawn")
    # TensorFlow greets anew in every process.
    with quiet() as heard:
        try:
            with futures.ProcessPoolExecutor(1, context) as pool:
                return pool.submit(_measured, prepare, arguments).result()
        except futures.process.BrokenProcessPool:
            lines = [line for line in heard().splitlines() if line.strip()]
            said = " ".join(lines[-1].split()) if lines else "nothing"
            raise ValueError(
                "`prepare` must return work that a process can finish; this "
                "one ended before, for want of memory or by a fault. "
                f"Received: prepare={prepare.__name__}, which said last: {said}"
            ) from None


def _measured(
    prepare: Callable[..., Callable[[], T]], arguments: tuple[Any, ...]
) -> Memory[T]:
    work = prepare(*arguments)
    _reset_peak()
    before = _peak()
    returned = work()
    return Memory(before, _peak(), returned)


def _reset_peak() -> None:
    # Linux: makes what is resident now the peak; see proc(5).
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    # Not by `resource` where it can be otherwise: Linux begins there with the
    # peak of the process that started this one.
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        for line in lines:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
