"""Fetches LiteRT.js, the runtime of browsers, into the user's cache folder.

python -m advkeras.edge.runtimes.litertjs

Takes the network: what npm uses on this system. Nothing else fetches it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from advkeras import files
from advkeras.edge.runtimes import known

_NAME = "@litertjs/core"


def fetch(folder: str | os.PathLike = known.LITERTJS_FOLDER) -> Path:
    """Returns the folder of the package, which is fetched once.

    Args:
        folder: Where npm is to put it.

    Raises:
        ValueError: npm is missing or fails, or the folder cannot be written.
    """
    # Both by their version: the one asks for any later one of the other.
    names = (_NAME, "@litertjs/wasm-utils")
    modules = install(folder, dict.fromkeys(names, known.LITERTJS))
    return modules / _NAME


def install(folder: str | os.PathLike, packages: Mapping[str, str]) -> Path:
    """Returns the folder of modules that npm filled, at the first call.

    Args:
        folder: What they are to lie in.
        packages: Name -> version.

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


def _run(npm: str, folder: Path, packages: Mapping[str, str]) -> None:
    needed = {"dependencies": dict(packages)}
    (folder / "package.json").write_text(json.dumps(needed), "utf-8")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    done = subprocess.run(
        [npm, "install", *quiet],
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
