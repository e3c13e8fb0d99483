"""Files that are whole or not there: write aside, then rename."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advkeras import reasons


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renames it when all went well.

    The temporary name keeps the suffix, because Keras and NumPy choose the
    format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=path.parent, prefix=f".{path.name}."
    ) as directory:
        temporary = Path(directory) / path.name
        yield temporary
        os.replace(temporary, path)


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes `value` as indented JSON, whole or not at all."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
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
            f"Received: {name}={os.fspath(place)!r} ({error.strerror})"
        ) from error


def claim(folder: str | os.PathLike, settings: dict[str, Any]) -> None:
    """Makes a folder that belongs to one set of settings.

    Args:
        folder: Made if it is not there.
        settings: All that what will lie in it depends on, as JSON values.

    Raises:
        ValueError: The folder belongs to other settings, or cannot be
            written.
    """
    remembered = Path(folder) / "settings.json"
    with writing("output", folder):
        if not remembered.exists():
            write_json(remembered, settings)
        before = read_json(remembered, "output", dict)
    check_same(folder, before, settings)


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
        raise ValueError(
            "`output` must be new, or hold what the same settings made. "
            f"Received: output={os.fspath(output)!r} ({'; '.join(changes)})"
        )
