"""Whether an HDF5 file can be read at all, asked of another process.

The HDF5 library never comes back from some damaged files, and holds the
interpreter meanwhile: nothing in this process could end it.
"""

import subprocess
import sys
from pathlib import Path

import h5py

_SECONDS = 20  # names and attributes are read in far less than one


def check_readable(path: Path) -> None:
    """Raises ValueError unless all names and attributes of a file are read.

    Args:
        path: An HDF5 file. Its datasets are not read.
    """
    # Isolated: nothing from the working folder is imported.
    command = [sys.executable, "-I", __file__, str(path)]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"the HDF5 library has not read it within {_SECONDS} s; damaged?"
        ) from None
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["it crashed"]
        raise ValueError(f"the HDF5 library cannot read it ({lines[-1]})")


def _read(path: str) -> None:
    def attributes(_: str, item: h5py.HLObject) -> None:
        for name in item.attrs:
            item.attrs[name]

    with h5py.File(path) as file:
        attributes("/", file)
        file.visititems(attributes)


if __name__ == "__main__":
    _read(sys.argv[1])
