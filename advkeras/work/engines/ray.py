"""Workers of a cluster of Ray: actors, which Ray places on its nodes."""

import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from advkeras import reasons
from advkeras.work import starting


class Ray:
    """Actors of a cluster, each a process that keeps its models.

    Args:
        workers: How many; 0 for as many as the cluster has cores for.
        address: "auto", or HOST:PORT of the cluster; None for one on this
            machine, which ends with the engine.
        cpus: Cores of each.
        gpus: GPUs of each, or a fraction of one.

    Raises:
        ValueError: There is no cluster at the address, or it has no room for
            as many.
    """

    elsewhere = True

    def __init__(
        self, workers: int, address: str | None, cpus: int, gpus: float
    ):
        # It would report its use over the network.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._ray = ray
        # The dashboard of one that is ours alone nobody would look at.
        options: dict[str, Any] = (
            {} if address else {"include_dashboard": False}
        )
        try:
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                **options,
            )
        # Where nobody answers in the end, Ray would end the process.
        except (Exception, SystemExit) as error:
            raise _no_cluster(address, error) from error
        try:
            room = _room(ray.nodes(), cpus, gpus)
            if not room or workers > room:
                raise ValueError(
                    "`workers` must be as many as the cluster has room for. "
                    f"Received: workers={workers}, of {cpus} CPUs and {gpus} "
                    f"GPUs each, where there is room for {room}"
                )
            self._workers = [
                _Actor(ray, cpus, gpus) for _ in range(workers or room)
            ]
        except BaseException:
            ray.shutdown()
            raise

    def workers(self) -> "list[_Actor]":
        """Returns the actors."""
        return self._workers

    def close(self) -> None:
        """Ends them, and leaves the cluster."""
        for worker in self._workers:
            worker.close()
        self._ray.shutdown()


def knock(address: str) -> None:
    """Raises ValueError unless something listens: Ray itself waits minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str | None, error: BaseException) -> ValueError:
    return ValueError(
        "`address` must be that of a cluster of Ray, as `ray start --head` "
        f"prints it. Received: address={address!r} ({reasons.of(error)})"
    )


def _room(nodes: list[dict[str, Any]], cpus: int, gpus: float) -> int:
    """Returns how many workers nodes have room for; none lies on two."""
    wanted = {"CPU": cpus, "GPU": gpus}
    return sum(
        int(
            min(
                node["Resources"].get(k, 0) // n for k, n in wanted.items() if n
            )
        )
        for node in nodes
        if node["Alive"]
    )


class _Does:
    """What an actor does, on its node."""

    def begin(self, threads: int) -> dict[str, str]:
        """Begins; returns the versions of what is there."""
        starting.limit_threads(threads)
        return starting.versions()

    def call(self, function: Callable[..., int], *given: Any) -> int:
        """Calls a function."""
        return function(*given)


class _Actor:
    """An actor, which is made anew, on any node, where it is lost."""

    def __init__(self, ray: Any, cpus: int, gpus: float):
        self._ray, self._cpus = ray, cpus
        self.holds: set[str] = set()
        self._make = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0)(
            _Does
        )
        self.replace()

    def ready(self) -> "Future[Any]":
        begun: Future[Any] = self._actor.begin.remote(self._cpus).future()
        checked: Future[Any] = Future()

        def check(found: "Future[Any]") -> None:
            try:
                _check_versions(found.result())
                checked.set_result(None)
            except Exception as error:
                checked.set_exception(self._at_start(error))

        begun.add_done_callback(check)
        return checked

    def _at_start(self, error: Exception) -> Exception:
        """Returns what to say of an error before the first unit."""
        # What a node lacks comes as the death of an actor, as its loss does.
        lacks = isinstance(error, self._ray.exceptions.RayTaskError)
        if not lacks and "ModuleNotFoundError" not in str(error):
            return error
        return ValueError(
            "`address` must be of nodes that have advkeras and what it needs. "
            f"Received: a node without it ({reasons.of(error)})"
        )

    def submit(
        self, function: Callable[..., int], *given: Any
    ) -> "Future[int]":
        return self._actor.call.remote(function, *given).future()

    def is_lost(self, error: BaseException) -> bool:
        # What the function raised is a RayTaskError.
        return isinstance(
            error, self._ray.exceptions.RayError
        ) and not isinstance(error, self._ray.exceptions.RayTaskError)

    def replace(self) -> None:
        self._actor = self._make.remote()

    def close(self) -> None:
        self._ray.kill(self._actor)


def _check_versions(found: dict[str, str]) -> None:
    here = starting.versions()
    other = [
        f"{name} {found.get(name)} there, {here[name]} here"
        for name in here
        if found.get(name) != here[name]
    ]
    if other:
        raise ValueError(
            "`address` must be of nodes with the versions that are here. "
            f"Received: {'; '.join(other)}"
        )
