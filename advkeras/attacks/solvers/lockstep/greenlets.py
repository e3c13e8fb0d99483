"""Many solvers that each wait for one answer, answered together.

A solver such as SciPy's calls back for one value at a time, and cannot be
paused. Run in a greenlet it can: its callback switches to the hub, which
collects one request from every solver, answers them as one batch, and
switches back. No threads, so the order and the results are fixed.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

import greenlet

T = TypeVar("T")
Ask = Callable[[Any], Any]


def run(
    tasks: Iterable[Callable[[Ask], T]],
    answer: Callable[[Sequence[Any]], Sequence[Any]],
) -> list[T]:
    """Runs all tasks to their ends, a round of requests at a time.

    Args:
        tasks: Functions that are given `ask`; `ask(request)` returns the
            answer to the request.
        answer: Answers the requests of one round, in their order.

    Returns:
        What each task returned, in the order of the tasks.
    """
    hub = greenlet.getcurrent()
    workers = [greenlet.greenlet(task) for task in tasks]
    results: list[Any] = [None] * len(workers)
    inbox = dict.fromkeys(range(len(workers)), hub.switch)
    while inbox:
        requests = {}
        for i, message in inbox.items():
            sent = workers[i].switch(message)
            if workers[i].dead:
                results[i] = sent
            else:
                requests[i] = sent
        answers = answer(list(requests.values())) if requests else ()
        inbox = dict(zip(requests, answers, strict=True))
    return results
