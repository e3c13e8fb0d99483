"""Fetches LiteRT.js, the runtime of browsers, into the user's cache folder.

python -m advkeras.edge.runtimes.litertjs

Takes the network: what npm uses on this system. Nothing else fetches it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from advkeras import files
from advkeras.edge.runtimes import known

Packages = Mapping[str, tuple[str, str]]

_NAME = "@litertjs/core"
# Name -> version and what npm compares with what it was sent.
_PACKAGES = {
    _NAME: (
        known.LITERTJS,
        "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkv"
        "iYGr9OFDL1kCnN4nzWoyJQ==",
    ),
    "@litertjs/wasm-utils": (
        known.LITERTJS,
        "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2k"
        "T39A9OYBVdFawteZ/sI1kQ==",
    ),
}


def fetch(folder: str | os.PathLike = known.LITERTJS_FOLDER) -> Path:
    """Returns the folder of the package, which is fetched once.

    Args:
        folder: Where npm is to put it.

    Raises:
        ValueError: npm is missing or fails, or the folder cannot be written.
    """
    return install(folder, _PACKAGES) / _NAME


def install(folder: str | os.PathLike, packages: Packages) -> Path:
    """Returns the folder of modules that npm filled, at the first call.

    Args:
        folder: What they are to lie in.
        packages: Name -> version, and its integrity as a lock file of npm has
            it; with all that they need.

    Raises:
        ValueError: npm is missing or fails, or the folder cannot be written.
    """
    folder = Path(folder).absolute()
    modules = folder / "node_modules"
    if modules.is_dir():
        return modules
    npm = shutil.which("npm")
    if npm is None:
        raise ValueError(
            f"{', '.join(packages)}: npm must be on PATH, as apt-get install "
            "nodejs npm puts it there. Received: no npm"
        )
    with files.writing("folder", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(folder) as temporary:
            temporary.mkdir()
            _run(npm, temporary, packages)
    return modules


def _run(npm: str, folder: Path, packages: Packages) -> None:
    needed = {
        "dependencies": {
            name: version for name, (version, _) in packages.items()
        }
    }
    locked = {
        f"node_modules/{name}": {"version": version, "integrity": integrity}
        for name, (version, integrity) in packages.items()
    }
    lock = {"lockfileVersion": 3, "packages": {"": needed, **locked}}
    files.write_json(folder / "package.json", needed)
    files.write_json(folder / "package-lock.json", lock)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ValueError(
            f"npm must fetch {', '.join(packages)}. Received: exit code "
            f"{done.returncode}; {'; '.join(said[:2])}"
        )


def main() -> int:
    """Fetches it, and says where it is."""
    try:
        print(fetch())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
