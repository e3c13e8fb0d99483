"""Arrays in .npz files: how large they are, before they are unpacked."""

import math
import zipfile
from collections.abc import Collection
from typing import Any

import numpy as np

GB = 1 << 30


def header(member: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Reads the header of an array: shape, whether Fortran's order, type.

    Args:
        member: The array's file, at its beginning; then behind its header.

    Raises:
        ValueError: It is none.
    """
    version = np.lib.format.read_magic(member)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return read(member)


def check_sizes(
    path: Any, max_gb: float, names: Collection[str] | None = None
) -> None:
    """Raises ValueError if arrays would take more memory than they may.

    Zeros shrink a thousandfold. Only the archive's directory and the arrays'
    headers are read, which must agree.

    Args:
        path: The .npz file.
        max_gb: Of all arrays together.
        names: Those that will be read; None for all.
    """
    total = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if names is not None and name not in names:
                continue
            with archive.open(info) as member:
                shape, _, dtype = header(member)
                start = member.tell()
            declared = math.prod(shape) * dtype.itemsize
            if not dtype.hasobject and start + declared != info.file_size:
                raise ValueError(
                    f"{name} of shape {shape} has {info.file_size - start} "
                    "bytes"
                )
            total += max(declared, info.file_size)
    if total > max_gb * GB:
        raise ValueError(
            f"its arrays would take {total / GB:.3g} GB once read, of "
            f"{max_gb:.3g} GB at most"
        )
