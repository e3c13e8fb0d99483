"""perform: does units on the workers of an engine, each unit once."""

import collections
import concurrent.futures
import dataclasses
import itertools
import pickle
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from advkeras import reasons
from advkeras.work.engines import Engine
from advkeras.work.engines import Worker
from advkeras.work.units import Unit
from advkeras.work.units import do

_TRIES = 3
# Units that are held for each worker: enough to choose one whose model it
# has, and few enough that images stay where they come from.
_WAITING = 4


class FailedUnitsError(RuntimeError):
    """Units that failed three times; all others were done.

    Attributes:
        failed: Unit -> the last error.
        exit_code: Of an app that ends with it.
    """

    exit_code = 3

    def __init__(self, failed: Mapping[Unit, Exception]):
        self.failed = dict(failed)
        lines = [
            f"{unit.path.parent.name}/{unit.path.name} failed {_TRIES} times: "
            f"{reasons.of(error)}"
            for unit, error in failed.items()
        ]
        super().__init__("; ".join(lines))


@dataclasses.dataclass
class Performed:
    """What it took to do some units.

    Attributes:
        done: Units that were done now; the others were there.
        loads: Times that a worker loaded a model.
        lost: Times that a worker was lost in the middle of a unit.
    """

    done: int = 0
    loads: int = 0
    lost: int = 0


def perform(
    units: Iterable[Unit],
    models: Mapping[str, Any],
    engine: Engine,
    say: Callable[[Unit], None] = lambda unit: None,
) -> Performed:
    """Does units, on all workers of an engine.

    A few units are held at a time. A worker is given units whose model it
    has, as long as there are any. One that is lost is replaced, and its unit
    tried again.

    Args:
        units: The units, in any order.
        models: Name -> model; it is pickled for workers that are other
            processes.
        engine: Where they are done.
        say: Called with each unit that is done, or was.

    Returns:
        What it took.

    Raises:
        ValueError: What a unit was given is wrong, or a model cannot be
            pickled; the rest is not done.
        FailedUnitsError: Units failed three times; the rest is done.
    """
    sent = {
        key: pickle.dumps(model) if engine.elsewhere else model
        for key, model in models.items()
    }
    job = _Job(sent, engine, say)
    job.run(_open(units, job))
    if job.failed:
        last = next(iter(job.failed.values()))
        raise FailedUnitsError(job.failed) from last
    return job.performed


def _open(units: Iterable[Unit], job: "_Job") -> Iterator[Unit]:
    """Yields units that are not done."""
    for unit in units:
        if unit.path.exists():
            job.say(unit)
        else:
            yield unit


class _Job:
    """What `perform` keeps while it is at work."""

    def __init__(
        self,
        models: Mapping[str, Any],
        engine: Engine,
        say: Callable[[Unit], None],
    ):
        self.performed, self.failed = Performed(), dict[Unit, Exception]()
        self.say = say
        self._models, self._workers = models, engine.workers()
        self._waiting: dict[str, collections.deque[Unit]] = {}
        self._tries: collections.Counter[Unit] = collections.Counter()
        self._starts: collections.Counter[Worker] = collections.Counter()

    def run(self, units: Iterator[Unit]) -> None:
        starting = {w.ready(): w for w in self._workers}
        running: dict[Future[int], tuple[Worker, Unit]] = {}
        most = max(_WAITING * len(self._workers), 2 * len(self._models))
        while self._fill(units, most) or running:
            busy = {w for w, _ in running.values()} | {*starting.values()}
            for worker in self._workers:
                if worker not in busy and self._count():
                    unit = self._chosen(worker)
                    model = self._models[unit.model]
                    future = worker.submit(do, unit, model)
                    running[future] = worker, unit
                    self._fill(units, most)
            ended, _ = concurrent.futures.wait(
                [*running, *starting],
                return_when=concurrent.futures.FIRST_COMPLETED,
            )
            for future in ended:
                if future in starting:
                    worker = starting.pop(future)
                    lost = self._lost_at_start(worker, future)
                else:
                    worker, unit = running.pop(future)
                    lost = self._lost(worker, unit, future)
                if lost:
                    worker.holds.clear()
                    worker.replace()
                    starting[worker.ready()] = worker

    def _fill(self, units: Iterator[Unit], most: int) -> int:
        """Takes units till so many wait; returns how many do."""
        for unit in itertools.islice(units, max(most - self._count(), 0)):
            self._waiting.setdefault(unit.model, collections.deque())
            self._waiting[unit.model].append(unit)
        return self._count()

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _chosen(self, worker: Worker) -> Unit:
        """Returns what a worker does next: of a model it has, if it can be."""
        open_ = [key for key, units in self._waiting.items() if units]
        anyone = set().union(*(one.holds for one in self._workers))
        for choice in (
            [key for key in open_ if key in worker.holds],
            [key for key in open_ if key not in anyone],
            open_,
        ):
            if choice:
                key = max(choice, key=lambda key: len(self._waiting[key]))
                worker.holds.add(key)
                return self._waiting[key].popleft()
        raise AssertionError("no unit waits")

    def _lost_at_start(self, worker: Worker, future: Future[Any]) -> bool:
        """Returns whether a worker was lost before it could begin."""
        try:
            future.result()
        except Exception as error:
            self._starts[worker] += 1
            if not worker.is_lost(error) or self._starts[worker] == _TRIES:
                raise
            return True
        self._starts[worker] = 0
        return False

    def _lost(self, worker: Worker, unit: Unit, future: Future[int]) -> bool:
        """Takes what came of a unit; returns whether its worker is lost."""
        try:
            self.performed.loads += future.result()
        except ValueError:
            raise
        except Exception as error:
            self._tries[unit] += 1
            if self._tries[unit] < _TRIES:
                self._waiting[unit.model].append(unit)
            else:
                self.failed[unit] = error
            if not worker.is_lost(error):
                return False
            self.performed.lost += 1
            return True
        if not unit.path.exists():
            raise ValueError(
                "`output` must be a folder that all workers write to. "
                f"Received: output with {str(unit.path)!r}, which a worker "
                "wrote and which is not here"
            )
        self.performed.done += 1
        self.say(unit)
        return False
