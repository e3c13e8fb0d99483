"""Workers of this machine: this process, or processes of their own."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from advkeras.work import starting


class Here:
    """This process, as an engine of one worker."""

    elsewhere = False

    def __init__(self) -> None:
        self.holds: set[str] = set()

    def workers(self) -> "list[Here]":
        """Returns itself."""
        return [self]

    def close(self) -> None:
        """Does nothing."""

    def ready(self) -> "Future[Any]":
        """Returns what is done."""
        return self.submit(int)

    def submit(
        self, function: Callable[..., int], *given: Any
    ) -> "Future[int]":
        """Calls a function, and returns when it is done."""
        future: Future[int] = Future()
        try:
            future.set_result(function(*given))
        except Exception as error:
            future.set_exception(error)
        return future

    def is_lost(self, error: BaseException) -> bool:
        """Returns False."""
        return False

    def replace(self) -> None:
        """Does nothing."""


class Processes:
    """Processes of this machine, each with its share of the cores.

    Args:
        workers: How many; 0 for one a core.
        cpus: Threads of each; None for its share of the cores.
    """

    elsewhere = True

    def __init__(self, workers: int, cpus: int | None):
        cores = _cores()
        workers = workers or cores
        cpus = cpus or max(cores // workers, 1)
        self._workers = [_Process(cpus) for _ in range(workers)]

    def workers(self) -> "list[_Process]":
        """Returns them."""
        return self._workers

    def close(self) -> None:
        """Ends them, in the middle of a unit if need be."""
        for worker in self._workers:
            worker.close()


def _cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Process:
    """A process that can be lost without harm to the others."""

    def __init__(self, cpus: int):
        self._cpus = cpus
        self.holds: set[str] = set()
        self._start()

    def _start(self) -> None:
        # Not forked: a copy would lack the threads of TensorFlow.
        self._pool = ProcessPoolExecutor(
            1,
            multiprocessing.get_context("spawn"),
            starting.as_child,
            (self._cpus,),
        )
        before = {*multiprocessing.active_children()}
        self._ready = self._pool.submit(int)
        self._children = {*multiprocessing.active_children()} - before

    def ready(self) -> "Future[Any]":
        return self._ready

    def submit(
        self, function: Callable[..., int], *given: Any
    ) -> "Future[int]":
        return self._pool.submit(function, *given)

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, BrokenProcessPool)

    def replace(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        # A unit's file is whole or not there, whenever it is killed.
        for child in self._children:
            child.kill()
        self._pool.shutdown(cancel_futures=True)
