"""Flags of apps whose work is cut into units, and where these are done."""

import contextlib
from collections.abc import Iterator
from typing import Any

from absl import flags

from . import _common

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS
# Flags on which no result depends.
WHERE = ("engine", "workers", "address", "worker_cpus", "worker_gpus")


def define() -> None:
    """Defines --engine and what it needs."""
    flags.DEFINE_enum(
        "engine",
        "local",
        ["local", "ray"],
        "Where the work is done: processes of this machine, or of a cluster "
        "of Ray.",
    )
    flags.DEFINE_integer(
        "workers",
        1,
        "Processes that work; 1 of local is the app itself. 0: as many as "
        "there are cores. The results are the same.",
        lower_bound=0,
    )
    flags.DEFINE_string(
        "address",
        None,
        "Of the cluster of Ray: auto, or HOST:PORT. Default: one on this "
        "machine, for this run.",
    )
    flags.DEFINE_integer(
        "worker_cpus",
        None,
        "Cores of each worker. Default: its share of this machine's; 1 of a "
        "cluster's.",
        lower_bound=1,
    )
    flags.DEFINE_float(
        "worker_gpus",
        0,
        "GPUs of each worker of Ray, or a fraction of one.",
        lower_bound=0,
    )


def define_shard() -> None:
    """Defines --shard."""
    flags.DEFINE_integer(
        "shard",
        512,
        "Images that are worked on, and held, at a time: a multiple of 256.",
        lower_bound=1,
    )


def check() -> None:
    """Raises ValueError where these flags do not fit; starts nothing."""
    from advkeras import work

    work.check_engine(**_given())


def check_shard() -> None:
    """Raises ValueError where --shard does not fit."""
    from advkeras.datasets import shards

    shards.check_size(FLAGS.shard)


def _given() -> dict[str, Any]:
    return {
        "name": FLAGS.engine,
        "workers": FLAGS.workers,
        "address": FLAGS.address,
        "cpus": FLAGS.worker_cpus,
        "gpus": FLAGS.worker_gpus,
    }


@contextlib.contextmanager
def engine() -> Iterator[Any]:
    """Yields the engine of --engine, and ends it."""
    from advkeras import work

    found = work.engine(**_given())
    try:
        yield found
    finally:
        found.close()


def shards(data: Any) -> Any:
    """Returns --examples of a data set, in shards of --shard.

    Args:
        data: An `ImageSet`.
    """
    from advkeras.datasets.shards import of_sample

    _common.warn_of_fewer(data, FLAGS.examples)
    return of_sample(data, FLAGS.examples, FLAGS.seed, FLAGS.shard)
