"""Builds the sdist and the wheel, and uses the wheel as a stranger would.

    python tests/run_package.py

Of what git has here, uncommitted changes too. The wheel is built from the sdist
and must hold just the files of the repository that belong in it. Installed in
an empty environment, in a folder far from the repository, it has to run the
Python examples of README.md and two apps.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests import run_docs  # noqa: E402

# Folder of the repository -> where it lies in the wheel.
PLACES = {
    "advkeras/": "advkeras/",
    "apps/": "advkeras/apps/",
    "saved_models/": "advkeras/saved_models/",
}
# What a sdist has besides: enough to test it.
SOURCES = ("tests/", "docs/", "examples/", "findings/")
COMMANDS = (
    "--help",
    "--version",
    "train --model=fc10-1 --split=train[:500] --epochs=5 --output=own.keras",
    "evaluate --model=m1 --dataset=mnist5k --split=test[:100] --examples=8 "
    "--attack=fgsm --epsilon=0.1 --variants=int8 --output=evaluated",
)


def in_wheel(tracked: Iterable[str]) -> set[str]:
    """Returns the files that a wheel has to hold, but for its metadata.

    Args:
        tracked: Files of the repository.
    """
    return {
        place + path.removeprefix(folder)
        for path in tracked
        for folder, place in PLACES.items()
        if path.startswith(folder)
    }


def in_sdist(tracked: Iterable[str]) -> set[str]:
    """Returns the files that a sdist has to hold, and may hold more.

    Args:
        tracked: Files of the repository.
    """
    return {
        path
        for path in tracked
        if path.startswith((*PLACES, *SOURCES))
        or (
            "/" not in path
            and path.endswith((".toml", ".txt", ".md", ".cff", ".yml"))
        )
        or path in ("Makefile", "LICENSE", "setup.py")
    }


def complaints(kind: str, found: set[str], expected: set[str]) -> list[str]:
    """Returns what an archive lacks, one line a file."""
    return [f"{kind} lacks {path}" for path in sorted(expected - found)]


def tracked_files() -> list[str]:
    """Returns the files that git has, or would have with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [path for path in listed if (ROOT / path).is_file()]


def build(tracked: Iterable[str], folder: Path) -> tuple[Path, Path]:
    """Builds from a copy, so that nothing left in the clone is built in.

    Returns:
        The wheel and the sdist that it was built from.
    """
    clone = folder / "clone"
    for path in tracked:
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, clone / path)
    command = [sys.executable, "-m", "build", "--outdir", folder / "dist"]
    run([*command, clone], folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


def run(command: list, folder: Path | None = None, **options) -> None:
    """Runs a command, as if the repository were not there.

    Raises:
        RuntimeError: It ended with another code than 0.
    """
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TFDS_DATA_DIR"}
    hidden |= {"PYTHONDONTWRITEBYTECODE"}  # it would be compiled every time
    shown = " ".join(map(str, command))
    ended = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k not in hidden},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **options,
    )
    if ended.returncode:
        raise RuntimeError(
            f"{shown} ended with {ended.returncode}:\n"
            f"{ended.stdout[-3000:]}{ended.stderr[-3000:]}"
        )


def members(wheel: Path, sdist: Path) -> tuple[set[str], set[str]]:
    """Returns the files of both; of the wheel, all but its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    with tarfile.open(sdist) as archive:
        files = [member.name for member in archive if member.isfile()]
    return inside, {name.partition("/")[2] for name in files}


def use(wheel: Path, folder: Path) -> None:
    """Installs the wheel in an empty environment, and uses it."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    limits = ["--constraint", ROOT / "constraints.txt"]
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    # What is imported is compiled then, which is a small part of it all.
    install = [*pip, "install", "--no-compile", wheel, *limits]
    timed("pip install", install, folder)
    timed("pip check", [*pip, "check"], folder)
    far = folder / "far"
    far.mkdir()
    # A project's own apps/ is none of ours.
    foreign = "import importlib.util as u; assert not u.find_spec('apps')"
    timed("no module apps", [python, "-c", foreign], far)
    for command in COMMANDS:
        advkeras = [python.with_name("advkeras"), *command.split()]
        timed(f"advkeras {command}", advkeras, far)
    timed("python -m advkeras", [python, "-m", "advkeras", "--version"], far)
    examples = [
        (line, code)
        for line, info, code in run_docs.fenced_blocks(ROOT / "README.md")
        if info == "python"
    ]
    if not examples:
        raise RuntimeError("README.md has no Python example")
    for line, code in examples:
        timed(f"README.md:{line}", [python, "-c", code], far)


def timed(what: str, command: list, folder: Path) -> None:
    """Runs a command, and says how long it took."""
    began = time.monotonic()
    run(command, folder)
    print(f"--- {what}: {time.monotonic() - began:.1f} s", flush=True)


def main() -> int:
    """Returns 1 where an archive is not what it should be."""
    tracked = tracked_files()
    with tempfile.TemporaryDirectory(prefix="package-") as name:
        folder = Path(name)
        wheel, sdist = build(tracked, folder)
        inside, sources = members(wheel, sdist)
        expected = in_wheel(tracked)
        said = complaints("the wheel", inside, expected)
        said += complaints("the repository", expected, inside)
        said += complaints("the sdist", sources, in_sdist(tracked))
        if said:
            print(*said, sep="\n")
            return 1
        print(f"--- {wheel.name}: {len(inside)} files, {_mb(wheel)}")
        print(f"--- {sdist.name}: {len(sources)} files, {_mb(sdist)}")
        use(wheel, folder)
    return 0


def _mb(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
