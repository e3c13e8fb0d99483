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
) -> float:
    """Returns how many GB arrays will take, or raises ValueError.

    Zeros shrink a thousandfold. Only the archive's directory and the arrays'
    headers are read, which must agree.

    Args:
        path: The .npz file.
        max_gb: Of all arrays together.
        names: Those that will be read; None for all.

    Raises:
        ValueError: They would take more memory than they may.
    """
    total = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if names is not None and name not in names:
                continue
            with archive.open(info) as member:
                shape, _, dtype = header(member)
                check_declared(
                    name, shape, dtype, info.file_size - member.tell()
                )
            total += max(math.prod(shape) * dtype.itemsize, info.file_size)
    if total > max_gb * GB:
        raise ValueError(
            f"its arrays would take {total / GB:.3g} GB once read, of "
            f"{max_gb:.3g} GB at most"
        )
    return total / GB


def check_declared(
    name: str, shape: tuple[int, ...], dtype: np.dtype, held: int
) -> None:
    """Raises ValueError unless an array has the bytes that its header says.

    Args:
        name: Name of the array.
        shape: Its shape.
        dtype: Its type; what has objects has no size.
        held: The bytes behind its header.
    """
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize != held:
        raise ValueError(f"{name} of shape {shape} has {held} bytes")
