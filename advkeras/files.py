"""Files that are whole or not there: write aside, then rename."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advkeras import locks
from advkeras import reasons

# Ends the name of a folder that is gone when what is made in it is whole.
_ASIDE = ".aside"
# A full disk, a used-up quota, a read-only system, a limit on a file's size.
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextlib.contextmanager
def aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a new folder beside `path`, which is removed afterwards.

    What a process that was killed left of them is removed too, when the same
    path comes again or its folder is claimed.

    Args:
        path: What is made there, a file or a folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_beside(path)
    place, lock = _place_beside(path)
    try:
        yield place
    finally:
        lock.release()
        shutil.rmtree(place, ignore_errors=True)


def _place_beside(path: Path) -> tuple[Path, locks.Lock]:
    """Makes a folder, whose lock says that somebody is at work there."""
    while True:
        place = Path(
            tempfile.mkdtemp(_ASIDE, f".{path.name}.", dir=path.parent)
        )
        # Till it is locked, others may take it for one that was left.
        try:
            lock = locks.lock(place, wait=True)
        except FileNotFoundError:
            continue
        if place.exists():
            return place, lock
        lock.release()


def clear(folder: str | os.PathLike) -> None:
    """Removes what processes that were killed left aside, at any depth."""
    for left in left_aside(folder):
        _remove_if_free(left)


def left_aside(folder: str | os.PathLike) -> list[Path]:
    """Returns what processes that were killed left aside, at any depth.

    Others may be at work there: what goes away meanwhile is not among it.
    """
    return sorted(
        Path(place) / name
        for place, names, _ in os.walk(str(folder))
        for name in names
        if name.startswith(".") and name.endswith(_ASIDE)
        if locks.is_free(Path(place) / name)
    )


def clear_beside(path: str | os.PathLike) -> None:
    """Removes what processes that were killed left aside of one path."""
    path = Path(path)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_ASIDE}"):
        if left.is_dir():
            _remove_if_free(left)


def _remove_if_free(place: Path) -> None:
    lock = locks.lock_if_free(place)
    if lock is not None:
        shutil.rmtree(place, ignore_errors=True)
        lock.release()
        # Windows keeps what is open.
        shutil.rmtree(place, ignore_errors=True)


def discard(folder: str | os.PathLike) -> None:
    """Removes a folder; a process that is killed meanwhile leaves no half."""
    folder = Path(folder)
    with aside(folder) as place:
        os.replace(folder, place / folder.name)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renames it when all went well.

    The temporary name keeps the suffix, because Keras and NumPy choose the
    format by it.

    Raises:
        NotWrittenError: The system refused, as a full disk does. What was
            there before still is.
    """
    path = Path(path)
    try:
        with aside(path) as directory:
            temporary = directory / path.name
            yield temporary
            os.replace(temporary, path)
    except NotWrittenError:  # of a file within
        raise
    except Exception as error:
        # Of a full disk some libraries tell in an error of their own.
        if not isinstance(error, OSError) and refusal(error) is None:
            raise
        raise NotWrittenError(path, error) from error


class NotWrittenError(OSError, ValueError):
    """A file could not be written; the message names it, and says why."""

    def __init__(self, path: str | os.PathLike, error: BaseException):
        self._of = os.fspath(path), error
        self.reason = refusal(error) or reasons.of(error)
        super().__init__(
            "`path` must be a place that can be written. "
            f"Received: path={os.fspath(path)!r} ({self.reason})"
        )
        self.errno = getattr(error, "errno", None)

    def __reduce__(self) -> tuple[Any, ...]:
        # It may be raised in another process than the one that tells of it.
        return type(self), self._of


def refusal(error: BaseException) -> str | None:
    """Returns why the system did not write; None if that is not the error."""
    if isinstance(error, NotWrittenError):
        return error.reason
    for number in _REFUSALS:
        said = os.strerror(number)
        if getattr(error, "errno", None) == number or said in str(error):
            return said
    return None


def write_json(
    path: str | os.PathLike, value: Any, indent: int | None = 2
) -> None:
    """Writes `value` as JSON, indented or in one line; whole or not at all."""
    text = json.dumps(value, indent=indent, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(
    path: str | os.PathLike, name: str = "path", kind: type = object
) -> Any:
    """Returns what `write_json` wrote.

    Args:
        path: The file.
        name: Name of the argument that led to it.
        kind: What it holds: dict, list, or anything.

    Raises:
        ValueError: There is no such file, or it is damaged or another.
    """
    with reading(name, path, "a JSON file that is whole"):
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(value, kind):
            raise TypeError(
                f"{kind.__name__} expected, {type(value).__name__} found"
            )
        return value


@contextlib.contextmanager
def reading(
    name: str, path: str | os.PathLike, what: str, remedy: str = ""
) -> Iterator[None]:
    """Turns whatever a damaged or foreign file leads to into one error.

    Args:
        name: Name of the argument.
        path: Its value, or the file that it led to.
        what: What the file has to be.
        remedy: What to do about it, if that is not plain.

    Raises:
        ValueError: The body of the `with` statement raised an exception.
    """
    try:
        yield
    except Exception as error:
        # Each format has errors of its own for what was cut, zeroed or never
        # was of that format, from NumPy's header down to zlib's blocks.
        raise ValueError(
            f"`{name}` must be {what}. Received: {name}={os.fspath(path)!r} "
            f"({reasons.of(error)}){remedy}"
        ) from error


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file, or of all files of a folder, in hex."""
    path = Path(path)
    if not path.is_dir():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for part in sorted(p for p in path.rglob("*") if p.is_file()):
        line = f"{part.relative_to(path).as_posix()} {sha256(part)}\n"
        digest.update(line.encode())
    return digest.hexdigest()


@contextlib.contextmanager
def writing(name: str, place: str | os.PathLike) -> Iterator[None]:
    """Turns the system's refusals to write into an error about an argument.

    Args:
        name: Name of the argument.
        place: Its value.

    Raises:
        ValueError: The body of the `with` statement raised OSError.
    """
    try:
        yield
    except OSError as error:
        raise ValueError(
            f"`{name}` must be a place that can be written. "
            f"Received: {name}={os.fspath(place)!r} "
            f"({refusal(error) or error.strerror or error})"
        ) from error


def claim(folder: str | os.PathLike, settings: dict[str, Any]) -> locks.Lock:
    """Makes a folder that belongs to one set of settings, and to one process.

    Args:
        folder: Made if it is not there.
        settings: All that what will lie in it depends on, as JSON values.

    Returns:
        What keeps other processes out for as long as it is kept.

    Raises:
        ValueError: The folder belongs to other settings, or to another
            process that is still at work, or cannot be written.
    """
    remembered = Path(folder) / "settings.json"
    with writing("output", folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        try:
            lock = locks.lock(folder)
        except BlockingIOError as error:
            raise ValueError(
                "`output` must be a folder that no other run is at work in. "
                f"Received: output={os.fspath(folder)!r}"
            ) from error
        clear(folder)
        if not remembered.exists():
            write_json(remembered, settings)
        before = read_json(remembered, "output", dict)
    check_same(folder, before, settings)
    return lock


def check_same(
    output: str | os.PathLike, before: dict[str, Any], now: dict[str, Any]
) -> None:
    """Raises ValueError if what lies at `output` was made otherwise."""
    changes = [
        f"{key}: {before.get(key)!r} there, {now.get(key)!r} here"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    if changes:
        raise of_other(output, "; ".join(changes))


def of_other(output: str | os.PathLike, what: str) -> ValueError:
    """Returns the error that says how what lies at `output` is of another."""
    return ValueError(
        "`output` must be new, or hold what the same settings made. "
        f"Received: output={os.fspath(output)!r} ({what})"
    )
