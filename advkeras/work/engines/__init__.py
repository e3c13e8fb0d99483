"""Engines: where units are done. A worker does one at a time."""

import importlib.util
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any
from typing import Protocol

from advkeras import checks

ENGINES = ("local", "ray")


class Worker(Protocol):
    """What does units, one at a time.

    Attributes:
        holds: Names of the models that it has been given, for as long as it
            is not replaced.
    """

    holds: set[str]

    def ready(self) -> "Future[Any]":
        """Returns what is done when it can work."""
        ...

    def submit(
        self, function: Callable[..., int], *given: Any
    ) -> "Future[int]":
        """Begins to call a function."""
        ...

    def is_lost(self, error: BaseException) -> bool:
        """Returns whether an error means that it is no more."""
        ...

    def replace(self) -> None:
        """Has another in its place."""
        ...


class Engine(Protocol):
    """Some workers, to be ended by `close`.

    Attributes:
        elsewhere: Whether they are other processes than this.
    """

    elsewhere: bool

    def workers(self) -> Sequence[Worker]:
        """Returns the workers, started before or now."""
        ...

    def close(self) -> None:
        """Ends them."""
        ...


def engine(
    name: str = "local",
    workers: int = 1,
    address: str | None = None,
    cpus: int | None = None,
    gpus: float = 0,
) -> Engine:
    """Returns an engine by its name.

    Args:
        name: "local", processes of this machine, or "ray", those of a cluster
            of Ray.
        workers: How many; 1 of "local" is this process itself, unless its
            cores are told. 0: as many as there are cores.
        address: Of a cluster of Ray: "auto", or HOST:PORT; None for one on
            this machine, which ends with the engine.
        cpus: Cores of each worker; None for a worker's share of this machine,
            or of Ray for one.
        gpus: GPUs of each worker of Ray, or a fraction of one.

    Raises:
        ValueError: There is no such engine, it is not installed, or what it
            is given does not fit.
    """
    check_engine(name, workers, address, cpus, gpus)
    if name == "ray":
        from advkeras.work.engines import ray

        return ray.Ray(workers, address, cpus or 1, gpus)
    from advkeras.work.engines import local

    here = workers == 1 and cpus is None
    return local.Here() if here else local.Processes(workers, cpus)


def check_engine(
    name: str = "local",
    workers: int = 1,
    address: str | None = None,
    cpus: int | None = None,
    gpus: float = 0,
) -> None:
    """Raises ValueError unless `engine` takes these; starts nothing."""
    checks.check_choice("engine", name, ENGINES)
    if workers != 0:
        checks.check_count("workers", workers)
    if cpus is not None:
        checks.check_count("worker_cpus", cpus)
    if name == "ray":
        if importlib.util.find_spec("ray") is None:
            raise ValueError(
                "`engine` must be installed: pip install 'advkeras[ray]'. "
                "Received: engine='ray'"
            )
        if address not in (None, "auto"):
            from advkeras.work.engines import ray

            ray.knock(address)
        return
    for flag, value in (("address", address), ("worker_gpus", gpus)):
        if value:
            raise ValueError(
                f"`{flag}` must be given with engine='ray' alone. "
                f"Received: engine='local', {flag}={value!r}"
            )
