"""Locks: a folder that one process at a time works in."""

import os
import sys
import weakref
from pathlib import Path


class Lock:
    """That this process works in a folder.

    Held until it is released or no longer used, and at the latest until the
    process ends, however it ends.
    """

    def __init__(self, descriptor: int):
        # The system lets go of a lock when what it is on is closed.
        self._close = weakref.finalize(self, os.close, descriptor)

    def release(self) -> None:
        """Lets other processes in; may be called again."""
        self._close()

    @property
    def held(self) -> bool:
        """Whether it still keeps others out."""
        return self._close.alive


# Folder -> the lock that this process has on it, for as long as it is used.
_held: weakref.WeakValueDictionary[str, Lock] = weakref.WeakValueDictionary()


def lock(folder: str | os.PathLike, wait: bool = False) -> Lock:
    """Takes a folder for this process, which may take it several times.

    Where the file system knows no locks, anyone may.

    Args:
        folder: A folder that is there.
        wait: Whether to wait till no other process has it.

    Raises:
        BlockingIOError: Another process has it.
        OSError: The folder cannot be read, or on Windows not be written.
    """
    key = os.path.realpath(folder)
    found = _held.get(key)
    if found is not None and found.held:
        return found
    descriptor = _opened(Path(folder))
    try:
        _take(descriptor, wait)
    except BaseException:
        os.close(descriptor)
        raise
    _held[key] = taken = Lock(descriptor)
    return taken


def lock_if_free(folder: str | os.PathLike) -> Lock | None:
    """Takes a folder that nobody has, this process included.

    Returns:
        None where it is not free, not there, or nobody can tell.
    """
    try:
        descriptor = _opened(Path(folder))
    except OSError:
        return None
    try:
        if _take(descriptor):
            return Lock(descriptor)
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def is_free(folder: str | os.PathLike) -> bool:
    """Returns whether no process has a folder; False where nobody can tell."""
    taken = lock_if_free(folder)
    if taken is None:
        return False
    taken.release()
    return True


def _opened(folder: Path) -> int:
    """Returns a descriptor of what is locked: the folder, where that can be."""
    if sys.platform == "win32":
        return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
    return os.open(folder, os.O_RDONLY)


def _take(descriptor: int, wait: bool = False) -> bool:
    """Locks it; returns False on a file system without locks.

    Args:
        descriptor: What is locked.
        wait: Whether to wait till it is free.

    Raises:
        BlockingIOError: It is locked already.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            mode = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK
            msvcrt.locking(descriptor, mode, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
        return True
    import fcntl

    try:
        how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _leave() -> None:
    # A child that outlives the process must not keep its folders.
    for taken in list(_held.values()):
        taken.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)
