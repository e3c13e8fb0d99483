"""Arrays in .npz files: writing them, and how large they are unpacked."""

import math
import zipfile
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any
from typing import BinaryIO

import numpy as np

GB = 1 << 30
# Of zlib. NumPy's 6 takes two to four times as long, for 3 to 6 % less: the
# pixels of a perturbation are noise, and what is equal shrinks at any level.
_LEVEL = 1


def write(file: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Writes arrays as `numpy.savez_compressed` does, and sooner.

    Args:
        file: Open for writing.
        arrays: By their names.
    """
    with zipfile.ZipFile(
        file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL
    ) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(
                    member, np.asanyarray(array), allow_pickle=False
                )


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
