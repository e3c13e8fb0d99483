"""Simulates a run of many units on many workers that die and straggle.

    python -m tests.work.simulation X

The tables of docs/scale.md: what runs on this machine took, of units that wait,
beside what the simulation says of them; and what it says of 1,000 workers. X is
a folder, new.
"""

import dataclasses
import random
import sys
import time
from pathlib import Path

import simpy

from advkeras import work
from advkeras.work.engines.local import Processes
from tests.work import jobs

HOUR = 3600.0


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a run costs; seconds, images and bytes.

    Attributes:
        image: Seconds of a worker for an image and model, of all phases.
        unit: Seconds of a worker for a unit beside its images.
        start: Seconds till a worker's first unit: the process, TensorFlow,
            the model, tracing.
        send: Seconds of the driver for a unit: choosing, sending, noting.
    """

    image: float
    unit: float
    start: float
    send: float


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Workers, and what befalls them.

    Attributes:
        workers: How many.
        node: Workers of a node, which die together.
        deaths: Of a node, an hour.
        replaced: Seconds till a node that died is there again.
        stragglers: Share of units that take `slower` times as long.
        slower: How many times.
    """

    workers: int
    node: int = 1
    deaths: float = 0.0
    replaced: float = 300.0
    stragglers: float = 0.0
    slower: float = 20.0


@dataclasses.dataclass
class Outcome:
    """What came of it.

    Attributes:
        makespan: Seconds from the first unit to the last.
        useful: Seconds of workers for units that were kept.
        wasted: Seconds of workers for units that were lost.
        driver: Share of the time that the driver was at work.
        lost: Units that were lost, and done again.
    """

    makespan: float = 0.0
    useful: float = 0.0
    wasted: float = 0.0
    driver: float = 0.0
    lost: int = 0


def simulate(
    images: int, size: int, models: int, cost: Cost, fleet: Fleet, seed: int = 0
) -> Outcome:
    """Runs units of `size` images of each model to their end."""
    environment = simpy.Environment()
    dice = random.Random(seed)
    outcome = Outcome()
    units = [min(size, images - i) for i in range(0, images, size)] * models
    waiting = simpy.PriorityStore(environment)
    waiting.items = list(enumerate(units))  # in order, which is a heap
    left = [len(units)]
    done = environment.event()
    driver = simpy.Resource(environment)

    def worker():
        unit, request, began = None, None, 0.0
        try:
            yield environment.timeout(cost.start)
            while True:
                with waiting.get() as request:
                    unit = yield request
                began = environment.now
                with driver.request() as turn:
                    yield turn
                    yield environment.timeout(cost.send)
                outcome.driver += cost.send
                seconds = cost.unit + cost.image * unit[1]
                if dice.random() < fleet.stragglers:
                    seconds *= fleet.slower
                yield environment.timeout(seconds)
                outcome.useful += environment.now - began
                unit = request = None
                left[0] -= 1
                if not left[0]:
                    done.succeed()
        except simpy.Interrupt:
            # It may have been handed over at this very moment.
            if unit is None and request is not None and request.triggered:
                unit, began = request.value, environment.now
            if unit is not None:
                outcome.wasted += environment.now - began
                outcome.lost += 1
                waiting.put(unit)

    def live(node: int):
        """A node starts its workers, dies, and is replaced, again and again."""
        count = min(fleet.node, fleet.workers - node * fleet.node)
        while left[0]:
            workers = [environment.process(worker()) for _ in range(count)]
            if not fleet.deaths:
                return
            life = dice.expovariate(fleet.deaths / HOUR)
            yield environment.timeout(life) | done
            if not left[0]:
                return
            for process in workers:
                if process.is_alive:
                    process.interrupt()
            yield environment.timeout(fleet.replaced) | done

    for node in range(-(-fleet.workers // fleet.node)):
        environment.process(live(node))
    environment.run(done)
    outcome.makespan = environment.now
    outcome.driver /= max(outcome.makespan, 1e-9)
    return outcome


def measured(folder, workers, units, seconds):
    """Returns what a real engine takes for units that wait, and its start."""
    engine = Processes(workers, 1)
    start = time.perf_counter()
    for worker in engine.workers():
        worker.ready().result()
    begun = time.perf_counter()
    work.perform(
        [
            work.Unit(folder / f"{i}.npz", "m", jobs.wait, (i, seconds))
            for i in range(units)
        ],
        {"m": "m"},
        engine,
    )
    ended = time.perf_counter()
    engine.close()
    return ended - begun, begun - start


def check(folder):
    """Prints real runs beside simulated ones."""
    print("| workers | start, s | measured, s | simulated, s |")
    print("| ---: | ---: | ---: | ---: |")
    # What sending and noting a unit takes, of 400 that take no time.
    seconds, _ = measured(folder / "none", 1, 400, 0.0)
    send = seconds / 400
    for workers in (1, 2, 4):
        took, start = measured(folder / str(workers), workers, 64, 0.5)
        cost = Cost(image=0.5, unit=0.0, start=0.0, send=send)
        told = simulate(64, 1, 1, cost, Fleet(workers)).makespan
        print(f"| {workers} | {start:.1f} | {took:.2f} | {told:.2f} |")
    print(f"\nA unit that takes no time takes {1e3 * send:.1f} ms.\n")
    return send


def foretell(send):
    """Prints what many workers come to, by the size of a unit."""
    print(
        "| images a unit | units | makespan, h | of the ideal | lost units | "
        "wasted, % | driver, % |"
    )
    print("| ---: " * 7 + "|")
    fleet = Fleet(1000, 8, deaths=0.01, replaced=300, stragglers=0.01)
    images = 50_000_000
    for size in (256, 1024, 4096, 16384):
        cost = Cost(image=0.1, unit=0.5, start=30.0, send=send)
        told = simulate(images, size, 1, cost, fleet)
        ideal = images * cost.image / fleet.workers
        share = told.wasted / (told.wasted + told.useful)
        print(
            f"| {size} | {-(-images // size)} | {told.makespan / HOUR:.2f} | "
            f"{told.makespan / ideal:.2f} | {told.lost} | {100 * share:.2f} | "
            f"{100 * told.driver:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    foretell(check(Path(sys.argv[1])))
