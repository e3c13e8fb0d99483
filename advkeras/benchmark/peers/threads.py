"""Threads of two libraries that get into each other's way."""

import functools
from collections.abc import Callable
from typing import TypeVar

import threadpoolctl

T = TypeVar("T")


def one_for_blas(run: Callable[[], T]) -> Callable[[], T]:
    """Returns `run` with one BLAS thread while it runs.

    SciPy's solver calls BLAS, the objective calls PyTorch or TensorFlow, and
    the threads of both wait for their next turn in busy loops. On two cores
    they may starve each other, and the solver takes ten times as long.
    """
    controller = threadpoolctl.ThreadpoolController()

    @functools.wraps(run)
    def limited() -> T:
        with controller.limit(limits=1, user_api="blas"):
            return run()

    return limited
