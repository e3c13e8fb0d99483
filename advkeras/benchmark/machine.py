"""What was measured on, and which libraries were at work."""

import importlib.metadata
import os
from typing import Any

import tensorflow as tf

from advkeras.benchmark import peers
from advkeras.edge.standalone import run_on_device
from advkeras.models import cards


def facts() -> dict[str, Any]:
    """Returns what this machine is, as JSON values that name no owner."""
    devices = tf.config.list_physical_devices()
    about = run_on_device.describe()
    return {
        "machine": about["machine"],
        "processor": about["processor"],
        "cpus": _cpus(),
        "accelerators": sum(d.device_type != "CPU" for d in devices),
        "system": about["system"],
        "python": about["python"],
    }


def peers_here() -> dict[str, str]:
    """Returns name and version of the peers that can run here."""
    here = [peer for peer in peers.EVERYONE if peer.missing() is None]
    return {peer.name: peer.version() for peer in here}


def versions() -> dict[str, str]:
    """Returns the version of every library that a suite may call."""
    names = {"ai-edge-litert", *(p.distribution for p in peers.EVERYONE)}
    names |= {name for peer in peers.EVERYONE for name, _ in peer.needs}
    found = cards.versions()
    for name in sorted(names - found.keys()):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpus() -> int:
    # A container may not have all that the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
