"""A process of its own: lifts many broken files, and says how each ended.

Run with the files as arguments; writes a line of JSON before and after each.
"""

import json
import re
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from advkeras.edge.lift import lift

_ADDRESSES = 4 << 30  # bytes of them beside what TensorFlow has anyway


def ended(path):
    """Lifts a file, calls what comes of it; returns how that ended."""
    try:
        model = lift(path)
        shapes = [given.shape[1:] for given in model.inputs]
        if any(None in shape for shape in shapes):
            return "ran"  # of no image in particular
        model([np.zeros((1, *shape), "f") for shape in shapes])
    except ValueError as error:
        said = str(error)
        if "\n" in said or not re.match("`path` must be a ", said):
            return f"said otherwise: {said[:500]}"
        return f"said why: {said[-300:]}"
    except Exception as error:
        return f"raised {type(error).__name__}: {str(error)[:500]}"
    return "ran"


def _resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main(paths):
    warnings.simplefilter("ignore")
    ended(paths[0])  # TensorFlow loads more when it is first used
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    before = _resident()
    for path in paths:
        print(json.dumps({"path": path}), flush=True)
        start = time.monotonic()
        end = ended(path)
        seconds = time.monotonic() - start
        found = {"end": end, "seconds": seconds, "bytes": _resident() - before}
        print(json.dumps({"path": path, **found}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
