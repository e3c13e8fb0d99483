"""How large a model file is once unpacked, as it says itself, before it is."""

import contextlib
import math
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import tensorflow as tf

from advkeras.models import hdf5

# Of weights, in GB; a configuration may have a 64th of it: 64 MB.
DEFAULT_MAX_GB = 4.0
_CONFIG_SHARE = 1 / 64
_GB = 1 << 30
# What Keras parses, all of it, before it builds anything.
_CONFIGS = ("config.json", "metadata.json")


class TooLargeError(ValueError):
    """A model file declares more than it may."""


def check(path: Path, max_gb: float) -> None:
    """Raises TooLargeError if a model would take more memory than it may.

    Zeros shrink a thousandfold: a file of a megabyte may hold a gigabyte.
    Only what the file declares is read: the directory of an archive, the
    shapes of HDF5 datasets. Python's zipfile gives out no more than that
    directory says.

    Args:
        path: A .keras or .h5 file, or a SavedModel folder.
        max_gb: Of weights; a configuration may have a 64th of it.
    """
    if path.is_dir():
        files = (part for part in path.rglob("*") if part.is_file())
        _weigh("its files", sum(x.stat().st_size for x in files), max_gb)
    elif path.suffix == ".keras":
        _check_archive(path, max_gb)
    else:
        hdf5.check_readable(path)
        with h5py.File(path) as file:
            _check_hdf5(file, max_gb)


@contextlib.contextmanager
def limited(max_gb: float) -> Iterator[None]:
    """Raises TooLargeError before layers take more memory than they may.

    What a configuration declares is built before any weights are read: a few
    bytes, `"units": 1000000000`, are a layer of gigabytes.

    Args:
        max_gb: Of all variables that are made within.
    """
    total = 0

    def made(make: Callable[..., Any], **of: Any) -> Any:
        nonlocal total
        total += _bytes_of(of.get("initial_value"))
        _weigh("its layers", total, max_gb)
        return make(**of)

    with tf.variable_creator_scope(made):
        yield


def _bytes_of(value: Any) -> int:
    """Returns what an initial value will take, without computing it."""
    if not callable(value):
        return 0  # it is there already
    try:
        with tf.Graph().as_default():
            tensor = tf.convert_to_tensor(value())
    except Exception:  # an initializer of the user's that needs its values
        return 0
    return int(tensor.shape.num_elements() or 0) * int(tensor.dtype.size)


def _check_archive(path: Path, max_gb: float) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        for name in _CONFIGS:
            # One name may be listed twice; the last one is read.
            size = sum(x.file_size for x in members if x.filename == name)
            _weigh(name, size, max_gb * _CONFIG_SHARE)
        _weigh("its members", sum(x.file_size for x in members), max_gb)
        for member in members:
            if Path(member.filename).suffix in (".h5", ".npz"):
                _check_member(archive, member, max_gb)


def _check_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_gb: float
) -> None:
    # They are packed once more inside. HDF5 jumps about, for which a packed
    # member would be unpacked from its beginning each time.
    with tempfile.TemporaryFile() as unpacked:
        with archive.open(member) as content:
            shutil.copyfileobj(content, unpacked, 1 << 20)
        if member.filename.endswith(".npz"):
            with zipfile.ZipFile(unpacked) as arrays:
                total = sum(array.file_size for array in arrays.infolist())
            _weigh("its arrays", total, max_gb)
            return
        with h5py.File(unpacked) as file:
            _check_hdf5(file, max_gb)


def _check_hdf5(file: h5py.File, max_gb: float) -> None:
    if "model_config" in file.attrs:
        attribute = file.attrs.get_id("model_config")
        size = max(attribute.get_storage_size(), _text_size(file, attribute))
        _weigh("model_config", size, max_gb * _CONFIG_SHARE)
    total = 0

    def add(_: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            total += math.prod(item.shape) * item.dtype.itemsize

    file.visititems(add)
    _weigh("its datasets", total, max_gb)


def _text_size(file: h5py.File, attribute: Any) -> int:
    # Text of any length is not packed: it has at most the bytes of the file.
    if attribute.get_type().get_class() != h5py.h5t.STRING:
        return 0
    if not attribute.get_type().is_variable_str():
        return 0
    return len(file.attrs["model_config"])


def _weigh(what: str, size: int, max_gb: float) -> None:
    if size <= max_gb * _GB:
        return
    raise TooLargeError(
        f"{what} would take {size / _GB:.3g} GB once read, of "
        f"{max_gb:.3g} GB at most; `max_gb`, in an app --max_model_gb, "
        "allows more"
    )
